"""The fair lock."""

import threading

import pytest

from modelyard.store.locks import FairLock


def test_the_lock_serves_in_the_order_of_asking():
    lock, order, waiting = FairLock(), [], []
    assert lock.acquire(0)
    for number in range(5):
        asked = threading.Event()

        def wait(number: int = number, asked: threading.Event = asked) -> None:
            asked.set()
            assert lock.acquire(10)
            order.append(number)
            lock.release()

        thread = threading.Thread(target=wait)
        thread.start()
        asked.wait()
        while len(lock._waiters) <= number:
            pass
        waiting.append(thread)
    assert not lock.acquire(0)
    lock.release()
    for thread in waiting:
        thread.join()
    assert order == [0, 1, 2, 3, 4]
    assert lock.acquire(0)
    lock.release()


def test_another_thread_may_release():
    lock = FairLock()
    assert lock.acquire(0)
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    assert lock.acquire(0)


def test_many_threads_hold_it_one_at_a_time():
    lock, inside, most = FairLock(), [0], [0]

    def work() -> None:
        for _ in range(200):
            assert lock.acquire(10)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1
            lock.release()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_waiting_for_oneself_is_a_mistake_said_at_once():
    lock = FairLock()
    assert lock.acquire(10)
    with pytest.raises(RuntimeError, match="inside another"):
        lock.acquire(10)
    assert not lock.acquire(0)
    lock.release()
    assert lock.acquire(10)


def test_one_that_gives_up_leaves_the_queue():
    lock, gave_up = FairLock(), []
    assert lock.acquire(0)
    thread = threading.Thread(target=lambda: gave_up.append(lock.acquire(0.01)))
    thread.start()
    thread.join()
    lock.release()
    assert gave_up == [False]
    assert lock.acquire(0), "its turn was not kept for it"
