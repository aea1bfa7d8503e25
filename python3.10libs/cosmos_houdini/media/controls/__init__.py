"""Each control pass, from what a renderer wrote to what a model was trained on."""
