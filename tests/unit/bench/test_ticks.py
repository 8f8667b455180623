"""The bench of ticks measures the product's own detector at work."""

from bench.ticks import measured


def test_a_small_world_is_filled_broken_and_measured() -> None:
    cost = measured(40)
    assert len(cost.taken) == len(cost.healthy) + len(cost.dead)
    assert min(cost.healthy) > 0
    assert 0 < cost.filled_mb <= cost.most_mb
