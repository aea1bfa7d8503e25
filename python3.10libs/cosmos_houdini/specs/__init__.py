"""A shot, a prompt and parameters become an InferenceRequest."""
