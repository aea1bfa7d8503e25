"""Programs that turn an InferenceRequest into videos, by name."""
