"""Read models without downtime: rebuilt beside those that serve, compared, swapped in one transaction, and kept."""
