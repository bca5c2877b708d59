//! Several slices at work at a time: while the device is at one, another is read, measured or written.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// One worker's ends: what it is given, and what it gives back.
type Ends<I, T> = (SyncSender<(usize, I)>, Receiver<T>);

/// Reads `count` items, works on `at_once` of them at a time on as many threads, and takes what comes out. `read` and
/// `take` run on this thread and in order; one item more than is worked on is held.
///
/// # Errors
/// The first of `read` or `take`: then what is at work is left to end, and nothing more is read or taken.
pub fn in_order<I: Send, T: Send>(
    count: usize,
    at_once: usize,
    mut read: impl FnMut(usize) -> anyhow::Result<I>,
    work: impl Fn(usize, I) -> T + Sync,
    mut take: impl FnMut(usize, T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let work = &work;
    thread::scope(|scope| {
        let ends: Vec<Ends<I, T>> = (0..at_once.clamp(1, count.max(1)))
            .map(|_| {
                let ((give, given), (put, made)) = (sync_channel(1), sync_channel(1));
                // It ends when nothing more can come, or nobody takes what it makes.
                scope.spawn(move || given.iter().all(|(index, item)| put.send(work(index, item)).is_ok()));
                (give, made)
            })
            .collect();
        // In turn, so that whose result is next is known.
        let of = |index: usize| &ends[index % ends.len()];
        let mut take_next = |index: usize| match of(index).1.recv() {
            Ok(made) => take(index, made),
            Err(_) => panic!("a worker has panicked, and said why"),
        };
        for index in 0..count {
            // A worker that is gone has panicked, which shows when its result is waited for.
            let _ = of(index).0.send((index, read(index)?));
            if index >= ends.len() {
                take_next(index - ends.len())?;
            }
        }
        (count.saturating_sub(ends.len())..count).try_for_each(take_next)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use anyhow::{anyhow, bail};

    use super::*;

    #[test]
    fn results_come_in_order_whoever_is_first() {
        for at_once in [1, 2, 3, 8] {
            let mut taken = Vec::new();
            let work = |index: usize, item: usize| {
                // The first of each pair is the slower one.
                thread::sleep(Duration::from_millis(if index.is_multiple_of(2) { 4 } else { 0 }));
                item * 10
            };
            let take = |index, made| {
                taken.push((index, made));
                Ok(())
            };
            in_order(7, at_once, |index| Ok(index + 1), work, take).unwrap();
            let expected: Vec<_> = (0..7).map(|index| (index, (index + 1) * 10)).collect();
            assert_eq!(taken, expected, "{at_once} at once");
        }
    }

    #[test]
    fn as_many_as_asked_for_are_at_work_and_one_more_is_held() {
        let (read, at_work, most) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |_: usize, ()| {
            most.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(20));
            at_work.fetch_sub(1, Ordering::SeqCst);
        };
        let take = |index: usize, ()| {
            assert!(read.load(Ordering::SeqCst) <= index + 4, "{index}");
            Ok(())
        };
        let next = |_| {
            read.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        in_order(12, 3, next, work, take).unwrap();
        assert_eq!(most.into_inner(), 3);
    }

    #[test]
    fn the_first_error_ends_it() {
        let worked = AtomicUsize::new(0);
        let work = |index: usize, ()| {
            worked.fetch_add(1, Ordering::SeqCst);
            if index == 2 { Err(anyhow!("work")) } else { Ok(()) }
        };
        let ended = in_order(100, 2, |_| Ok(()), work, |_, made| made);
        assert_eq!(ended.unwrap_err().to_string(), "work");
        assert!(worked.into_inner() <= 6);
        let read = |index| if index == 3 { Err(anyhow!("read")) } else { Ok(()) };
        let mut taken = 0;
        let ended = in_order(
            100,
            2,
            read,
            |_, ()| (),
            |_, ()| {
                taken += 1;
                Ok(())
            },
        );
        assert_eq!((ended.unwrap_err().to_string().as_str(), taken), ("read", 1));
    }

    #[test]
    fn nothing_to_do_is_done() {
        let read = |_| -> anyhow::Result<()> { bail!("read") };
        in_order(0, 4, read, |_, ()| (), |_, ()| bail!("take")).unwrap();
    }
}
