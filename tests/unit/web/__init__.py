"""The screens, as far as no browser is needed."""
