"""What the numbers mean: estimates with intervals, and reasons to doubt them."""
