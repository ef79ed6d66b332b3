//! What a tracker cost, from what the main thread did.

use super::THROTTLE;
use super::trace::{Slice, What};

/// A task that is longer keeps a visitor waiting, in ms (<https://w3c.github.io/longtasks/>).
const LONG_TASK_MS: f64 = 50.0;

/// Main-thread time on a slow processor, in ms.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Time {
    /// That passed. With a browser that slows itself down, this is what a visitor with such a processor waits.
    pub(super) wall: f64,
    /// Of this machine's processor, times [`THROTTLE`]. Only of a browser at full speed.
    pub(super) scaled_cpu: f64,
}

impl Time {
    fn add(&mut self, wall: f64, cpu: f64) {
        self.wall += wall;
        self.scaled_cpu += cpu * THROTTLE;
    }
}

/// The tracker's code, and what of it happened while events were handed to listeners.
struct Piece {
    start: f64,
    end: f64,
    cpu: f64,
    /// Which of the dispatches it is in.
    dispatch: Option<usize>,
}

/// Of the time after a page was opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    /// The tracker's code until it said that it is ready; none did not.
    pub(super) until_ready: Option<Time>,
    /// All of its code, what it put off included.
    pub(super) in_all: Time,
    pub(super) harm: Harm,
}

/// Of a time in which a visitor did something many times.
#[derive(Clone, Debug, Default)]
pub(super) struct Acts {
    /// The tracker's listeners, for all events of each time.
    pub(super) handlers: Vec<Time>,
    /// Its code outside of listeners.
    pub(super) deferred: Time,
    pub(super) harm: Harm,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Harm {
    /// Times that its code made the browser compute styles or places at once.
    pub(super) forced_layouts: usize,
    /// Tasks that are long because of its code.
    pub(super) long_tasks: usize,
}

/// Of the slices after a page was opened.
pub(super) fn start(slices: &[Slice]) -> Start {
    let (pieces, harm, _) = pieces(slices);
    let ready = slices.iter().find(|slice| slice.what == What::Ready).map(|slice| slice.start);
    let mut start = Start { harm, until_ready: ready.map(|_| Time::default()), ..Start::default() };
    for Piece { start: from, end, cpu, .. } in pieces {
        start.in_all.add(end - from, cpu);
        if let (Some(time), Some(ready)) = (&mut start.until_ready, ready.filter(|&ready| from < ready)) {
            let share = if end > ready { (ready - from) / (end - from) } else { 1.0 };
            time.add((end - from) * share, cpu * share);
        }
    }
    start
}

/// Of the slices of acts of which each ends with an event of type `last`.
pub(super) fn acts(slices: &[Slice], last: &str) -> Acts {
    let (pieces, harm, dispatches) = pieces(slices);
    let mut acts = Acts { harm, ..Acts::default() };
    let mut times = vec![Time::default(); dispatches.len()];
    for Piece { start, end, cpu, dispatch } in pieces {
        let time = dispatch.and_then(|number| times.get_mut(number)).unwrap_or(&mut acts.deferred);
        time.add(end - start, cpu);
    }
    let mut act = Time::default();
    for (time, name) in times.into_iter().zip(dispatches) {
        act.wall += time.wall;
        act.scaled_cpu += time.scaled_cpu;
        if name == last {
            acts.handlers.push(std::mem::take(&mut act));
        }
    }
    acts
}

/// The tracker's code, the harm it did, and the types of the outermost dispatches.
fn pieces(slices: &[Slice]) -> (Vec<Piece>, Harm, Vec<&str>) {
    let (mut pieces, mut harm, mut dispatches) = (Vec::<Piece>::new(), Harm::default(), Vec::new());
    // when the task, the dispatch, the tracker's and the page's code that we are in end
    let (mut task, mut dispatch, mut tracker, mut page) = ((0.0, 0.0), 0.0, 0.0, 0.0_f64);
    let mut in_task = 0.0;
    for Slice { start, end, cpu, what } in slices {
        let (start, end) = (*start, *end);
        match what {
            What::Task => {
                harm.long_tasks += usize::from(is_long_because(task, in_task));
                (task, in_task) = ((start, end), 0.0);
            }
            What::Dispatch(name) if start >= dispatch => {
                dispatches.push(name.as_str());
                dispatch = end;
            }
            What::PageScript if start >= tracker => page = page.max(end),
            What::Tracker if start >= tracker && start >= page => {
                tracker = end;
                in_task += end - start;
                let dispatch = dispatches.len().checked_sub(1).filter(|_| start < dispatch);
                pieces.push(Piece { start, end, cpu: *cpu, dispatch });
            }
            What::Layout if start < tracker => harm.forced_layouts += 1,
            _ => {}
        }
    }
    harm.long_tasks += usize::from(is_long_because(task, in_task));
    (pieces, harm, dispatches)
}

/// Whether a task is long, and would not be without the `tracker`'s ms in it, or they are long by themselves.
fn is_long_because((start, end): (f64, f64), tracker: f64) -> bool {
    let length = end - start;
    length > LONG_TASK_MS && (length - tracker <= LONG_TASK_MS || tracker > LONG_TASK_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(start: f64, end: f64, what: What) -> Slice {
        Slice { start, end, cpu: (end - start) / 2.0, what }
    }

    #[test]
    fn handlers_of_all_events_of_an_act_count_and_the_rest_is_deferred() {
        let slices = [
            slice(0.0, 10.0, What::Task),
            slice(1.0, 3.0, What::Dispatch("mousedown".into())),
            slice(1.0, 2.0, What::Tracker),
            slice(1.5, 1.75, What::Tracker),
            slice(4.0, 9.0, What::Dispatch("click".into())),
            slice(4.0, 5.0, What::PageScript),
            slice(5.0, 8.0, What::Tracker),
            slice(6.0, 7.0, What::Layout),
            slice(20.0, 21.0, What::Task),
            slice(20.0, 20.5, What::Tracker),
            slice(30.0, 31.0, What::Layout),
        ];
        let acts = acts(&slices, "click");
        assert_eq!(acts.handlers.len(), 1);
        assert!((acts.handlers[0].wall - 4.0).abs() < 1e-9);
        assert!((acts.handlers[0].scaled_cpu - 8.0).abs() < 1e-9);
        assert!((acts.deferred.wall - 0.5).abs() < 1e-9);
        assert_eq!((acts.harm.forced_layouts, acts.harm.long_tasks), (1, 0));
    }

    #[test]
    fn the_start_ends_when_the_tracker_says_so() {
        let slices = [slice(0.0, 10.0, What::Tracker), slice(5.0, 5.0, What::Ready), slice(11.0, 13.0, What::Tracker)];
        let start = start(&slices);
        assert!((start.until_ready.unwrap_or_default().wall - 5.0).abs() < 1e-9);
        assert!((start.in_all.wall - 12.0).abs() < 1e-9);
    }

    #[test]
    fn a_task_is_the_trackers_fault_when_it_would_be_short_without() {
        assert!(is_long_because((0.0, 60.0), 20.0));
        assert!(is_long_because((0.0, 160.0), 55.0));
        assert!(!is_long_because((0.0, 160.0), 20.0));
        assert!(!is_long_because((0.0, 40.0), 40.0));
    }
}
