"""Facts that the engines of Cosmos share: checkouts, parameters, frame sizes, chunks."""
