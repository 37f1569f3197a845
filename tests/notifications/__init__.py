"""Tests of storefront.notifications."""
