"""Code that the Cosmos engines share: checkouts, parameters, frame sizes and chunks."""
