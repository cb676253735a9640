"""Programs for those who work on vaelab; they are not installed."""
