"""Turn a shot, a prompt and parameters into an InferenceRequest."""
