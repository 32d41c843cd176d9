"""Trained models: what they are (`config`), their folders (`folder`), and other programs' formats (`export`)."""
