"""Tests of storefront.jobs."""
