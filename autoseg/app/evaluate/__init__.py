"""The page that scores labels against the truth."""
