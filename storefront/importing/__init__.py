"""Products from and to CSV files: our own, Shopify's and WooCommerce's."""
