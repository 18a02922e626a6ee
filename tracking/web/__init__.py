"""What merchants see of orders and parcels, beside the pages of their history."""
