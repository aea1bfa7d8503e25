"""Converts each control pass from the form that a renderer writes to the form that the models were trained on."""
