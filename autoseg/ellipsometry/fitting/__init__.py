"""Layer models: what a stack of films reflects, and which thicknesses explain what was measured."""
