"""Tests of storefront.journal."""
