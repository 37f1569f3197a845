"""Sales tax: rates by country, who pays the tax, and VAT ids."""
