"""Speed, memory and time to quality, as ratios of what is measured side by side."""
