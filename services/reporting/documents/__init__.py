"""The monthly report as documents for people: pure functions of its JSON, in Korean and English."""
