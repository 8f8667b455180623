"""A process ends: when told, when it cannot go on, and when it hangs."""

import json
import signal
import subprocess
import sys
import time

import pytest

READY = "ready"
HEAD = """
import asyncio, sys, threading, time
from services.runtime import process
from services.runtime.errors import Stop

async def main(stopping):
    print("ready", flush=True)
"""
TAIL = "\nsys.exit(process.run(main, stop_within_s=1.0))\n"
OBEDIENT = "    await stopping.wait()\n"
HANGING = "    await stopping.wait()\n    await asyncio.sleep(3600)\n"
BLOCKED = "    await stopping.wait()\n    time.sleep(3600)\n"
THREAD = "    await asyncio.gather(stopping.wait(), asyncio.to_thread(time.sleep, 3600))\n"


def _start(body: str) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", HEAD + body + TAIL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline().strip() == READY
    return started


def _end(started: subprocess.Popen[str], within_s: float = 10) -> tuple[int, str]:
    try:
        _, err = started.communicate(timeout=within_s)
    finally:
        started.kill()
    return started.returncode, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_process_finish_and_end_with_zero(number: signal.Signals) -> None:
    process = _start(OBEDIENT)
    process.send_signal(number)
    assert _end(process) == (0, "")


@pytest.mark.parametrize("body", [HANGING, BLOCKED, THREAD])
def test_a_process_that_hangs_in_its_stop_is_gone_at_the_limit(body: str) -> None:
    process = _start(body)
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, err = _end(process)
    assert code == 1
    assert 0.9 < time.monotonic() - sent < 3
    assert json.loads(err)["event"] == "process did not stop in time"


def test_a_loop_that_hung_before_the_signal_is_gone_at_the_limit() -> None:
    process = _start("    time.sleep(3600)\n")
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert _end(process)[0] == 1
    assert 0.9 < time.monotonic() - sent < 3


def test_a_process_nobody_reads_the_last_line_of_is_gone_too() -> None:
    process = _start("    sys.stderr.write('x' * 10_000_000)\n")
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGALRM
    assert time.monotonic() - sent < 3
    _end(process)


def test_a_second_signal_ends_it_at_once() -> None:
    process = _start("    await stopping.wait()\n    print('stopping', flush=True)\n" + HANGING)
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "stopping"
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert _end(process) == (130, "")
    assert time.monotonic() - sent < 0.9


LOOP = """
    async def fails():
        raise ValueError("the loop broke")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stopping.wait())
        tasks.create_task(fails())
"""


def test_a_loop_that_raises_ends_the_process_with_one_line() -> None:
    code, err = _end(_start(LOOP))
    assert code == 1
    line = json.loads(err)
    assert line["reason"] == "the loop broke"
    assert "ValueError" in line["exception"]


def test_what_a_person_must_mend_is_said_in_one_sentence_without_a_traceback() -> None:
    code, err = _end(_start('    raise Stop("settings", "BONGSU_X: is wrong")\n'))
    assert code == 1
    line = json.loads(err)
    assert line["reason"] == "BONGSU_X: is wrong"
    assert "exception" not in line


def test_an_error_beside_a_hanging_thread_ends_the_process_too() -> None:
    thread = "    asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600)\n"
    code, _ = _end(_start(thread + '    raise Stop("x", "cannot go on")\n'))
    assert code == 1
