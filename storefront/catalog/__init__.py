"""What is sold: products, variants, categories, pictures, and the content that a buyer gets."""
