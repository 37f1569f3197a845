"""Tests of storefront.gateways."""
