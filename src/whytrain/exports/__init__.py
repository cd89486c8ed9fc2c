"""Trained models in the form that other tools read: a folder of Hugging Face, and ONNX."""
