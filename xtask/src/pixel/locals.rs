//! Gives the locals of the Wasm's functions new numbers, so that values need not be copied from one to another.
//!
//! Two results of a call are to Binaryen one tuple, in two locals of its own from which both are copied to where they belong, a few
//! bytes at each of some hundred calls. This is what it does for all other values, once it has written them: a local is taken
//! apart into those of its values that have nothing to do with one another, and what is copied shares a local where it can
//! (G. J. Chaitin, Register allocation and spilling via graph coloring, 1982).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::once;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use wasmparser::{FunctionBody, Operator, Parser, Payload, ValType};

type Set = BTreeSet<usize>;

const CODE_SECTION: u8 = 10;
const DROP: u8 = 0x1a;

/// An instruction.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Get(usize),
    Set(usize),
    Tee(usize),
    /// Anything else, as it is written.
    Other(Flow, Vec<u8>),
}

/// Where an instruction leads.
#[derive(Clone, Debug, PartialEq)]
enum Flow {
    /// To the next one.
    On,
    Block,
    Loop,
    If,
    Else,
    End,
    /// Out of one of so many blocks, and to the next instruction if the last is true.
    Jump(Vec<u32>, bool),
}

/// `wasm` with the locals of all functions numbered anew.
pub(super) fn renumber(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut out = wasm.get(..8).context("no Wasm")?.to_vec();
    let (mut types, mut functions, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        sections.extend(payload.as_section());
        match payload {
            Payload::TypeSection(section) => {
                types = section.into_iter_err_on_gc_types().collect::<Result<_, _>>()?;
            }
            Payload::FunctionSection(section) => functions = section.into_iter().collect::<Result<_, _>>()?,
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    for (id, range) in sections {
        let mut content = part(wasm, range)?.to_vec();
        if id == CODE_SECTION {
            content.clear();
            put(&mut content, bodies.len());
            for (body, kind) in bodies.iter().zip(&functions) {
                let kind = types.get(*kind as usize).context("a function of no type")?;
                let function = Function::read(kind.params(), body)?.written();
                put(&mut content, function.len());
                content.extend(function);
            }
        }
        out.push(id);
        put(&mut out, content.len());
        out.extend(content);
    }
    Ok(out)
}

/// A function, whose locals are renamed in place.
struct Function {
    params: usize,
    /// Of each local, parameters first.
    kinds: Vec<u8>,
    steps: Vec<Step>,
}

impl Function {
    fn read(params: &[ValType], body: &FunctionBody<'_>) -> Result<Self> {
        let mut kinds = params.iter().map(|kind| code(*kind)).collect::<Result<Vec<_>>>()?;
        for local in body.get_locals_reader()? {
            let (count, kind) = local?;
            kinds.extend(std::iter::repeat_n(code(kind)?, count as usize));
        }
        let bytes = body.as_bytes();
        let mut reader = body.get_operators_reader()?;
        let mut steps = Vec::new();
        while !reader.eof() {
            let start = reader.original_position() - body.range().start;
            let flow = match reader.read()? {
                Operator::LocalGet { local_index } => Err(Step::Get(local_index as usize)),
                Operator::LocalSet { local_index } => Err(Step::Set(local_index as usize)),
                Operator::LocalTee { local_index } => Err(Step::Tee(local_index as usize)),
                Operator::Block { .. } => Ok(Flow::Block),
                Operator::Loop { .. } => Ok(Flow::Loop),
                Operator::If { .. } => Ok(Flow::If),
                Operator::Else => Ok(Flow::Else),
                Operator::End => Ok(Flow::End),
                Operator::Br { relative_depth } => Ok(Flow::Jump(vec![relative_depth], false)),
                Operator::BrIf { relative_depth } => Ok(Flow::Jump(vec![relative_depth], true)),
                Operator::BrTable { targets } => {
                    let all = targets.targets().chain(once(Ok(targets.default()))).collect::<Result<_, _>>()?;
                    Ok(Flow::Jump(all, false))
                }
                Operator::Return | Operator::Unreachable => Ok(Flow::Jump(Vec::new(), false)),
                _ => Ok(Flow::On),
            };
            let end = reader.original_position() - body.range().start;
            let written = part(bytes, start..end)?.to_vec();
            steps.push(flow.map_or_else(|step| step, |flow| Step::Other(flow, written)));
        }
        Ok(Self { params: params.len(), kinds, steps })
    }

    /// As a function's code is written, with as few copies as can be.
    fn written(mut self) -> Vec<u8> {
        self.split();
        loop {
            while self.shorten() {}
            if !self.join() {
                break;
            }
        }
        self.share();
        let mut out = Vec::new();
        let own = self.kinds.get(self.params..).unwrap_or_default();
        let runs: Vec<&[u8]> = own.chunk_by(|one, other| one == other).collect();
        put(&mut out, runs.len());
        for run in runs {
            put(&mut out, run.len());
            out.extend(run.first());
        }
        for step in self.steps {
            let (code, local) = match step {
                Step::Other(_, bytes) => {
                    out.extend(bytes);
                    continue;
                }
                Step::Get(local) => (0x20, local),
                Step::Set(local) => (0x21, local),
                Step::Tee(local) => (0x22, local),
            };
            out.push(code);
            put(&mut out, local);
        }
        out
    }

    /// For each step, the steps that may come next.
    fn nexts(&self) -> Vec<Vec<usize>> {
        let (mut open, mut ends, mut elses) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Other(Flow::Block | Flow::Loop | Flow::If, _) => open.push(at),
                Step::Other(Flow::Else, _) => drop(open.last().map(|start| elses.insert(*start, at))),
                Step::Other(Flow::End, _) => drop(open.pop().map(|start| ends.insert(start, at))),
                _ => {}
            }
        }
        let after = self.steps.len();
        let end_of = |start: usize| ends.get(&start).copied().unwrap_or(after);
        let mut open: Vec<usize> = Vec::new();
        let mut nexts = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            nexts.push(match step {
                Step::Other(Flow::If, _) => {
                    open.push(at);
                    vec![at + 1, elses.get(&at).map_or(end_of(at), |start| start + 1)]
                }
                Step::Other(Flow::Block | Flow::Loop, _) => {
                    open.push(at);
                    vec![at + 1]
                }
                Step::Other(Flow::Else, _) => vec![open.last().map_or(after, |start| end_of(*start))],
                Step::Other(Flow::End, _) => {
                    open.pop();
                    vec![at + 1]
                }
                Step::Other(Flow::Jump(depths, may_go_on), _) => {
                    let target = |depth: &u32| {
                        let start = open.len().checked_sub(1 + *depth as usize).and_then(|at| open.get(at)).copied();
                        start.map_or(after, |start| {
                            let is_loop = matches!(self.steps.get(start), Some(Step::Other(Flow::Loop, _)));
                            if is_loop { start } else { end_of(start) }
                        })
                    };
                    depths.iter().map(target).chain(may_go_on.then_some(at + 1)).collect()
                }
                _ => vec![at + 1],
            });
        }
        nexts
    }

    /// For each step, the locals whose values are still asked for when it begins; and one entry more, behind the last step.
    fn live(&self, nexts: &[Vec<usize>]) -> Vec<Set> {
        let mut live = vec![Set::new(); self.steps.len() + 1];
        loop {
            let mut is_done = true;
            for (at, step) in self.steps.iter().enumerate().rev() {
                let mut before = live_after(&live, &nexts[at]);
                match step {
                    Step::Get(local) => drop(before.insert(*local)),
                    Step::Set(local) | Step::Tee(local) => drop(before.remove(local)),
                    Step::Other(..) => {}
                }
                is_done &= before == live[at];
                live[at] = before;
            }
            if is_done {
                return live;
            }
        }
    }

    /// Gives each local a name for every value, or values that may reach one place, that it holds in turn.
    fn split(&mut self) {
        let nexts = self.nexts();
        let live = self.live(&nexts);
        // a place is a step before which a local has a value, or behind which it has a new one
        let mut groups = Groups::default();
        for local in 0..self.params {
            groups.of((0, local, false));
        }
        for (at, step) in self.steps.iter().enumerate() {
            for next in &nexts[at] {
                for local in &live[*next] {
                    let is_set = matches!(step, Step::Set(set) | Step::Tee(set) if set == local);
                    groups.unite((at, *local, is_set), (*next, *local, false));
                }
            }
        }
        let mut names: BTreeMap<usize, usize> = BTreeMap::new();
        let mut kinds = Vec::new();
        let mut name = |place: (usize, usize, bool), kind: u8| {
            *names.entry(groups.of(place)).or_insert_with(|| {
                kinds.push(kind);
                kinds.len() - 1
            })
        };
        for local in 0..self.params {
            name((0, local, false), self.kinds[local]);
        }
        for (at, step) in self.steps.iter_mut().enumerate() {
            match step {
                Step::Get(local) => *local = name((at, *local, false), self.kinds[*local]),
                Step::Set(local) | Step::Tee(local) => *local = name((at, *local, true), self.kinds[*local]),
                Step::Other(..) => {}
            }
        }
        self.kinds = kinds;
    }

    /// Leaves out what has no effect; whether there was anything.
    fn shorten(&mut self) -> bool {
        let nexts = self.nexts();
        let live = self.live(&nexts);
        let is_over = |local: &usize, at: usize| !live_after(&live, &nexts[at]).contains(local);
        let mut steps = Vec::new();
        let (mut rest, mut at) = (&*self.steps, 0);
        while let Some(step) = rest.first() {
            let taken = match rest {
                [Step::Tee(local), ..] if is_over(local, at) => 1,
                [Step::Set(local), ..] if is_over(local, at) => {
                    steps.push(Step::Other(Flow::On, vec![DROP]));
                    1
                }
                [Step::Set(local), Step::Get(same), ..] if same == local => {
                    steps.push(Step::Tee(*local));
                    2
                }
                [Step::Get(local), Step::Set(same), ..] if same == local => 2,
                [Step::Get(local), Step::Tee(same), ..] if same == local => {
                    steps.push(step.clone());
                    2
                }
                // two results, of which the second is only copied
                [
                    Step::Set(second),
                    first @ (Step::Set(other) | Step::Tee(other)),
                    Step::Get(same),
                    Step::Set(copy),
                    ..,
                ] if same == second && ![second, copy].contains(&other) && is_over(second, at + 3) => {
                    steps.extend([Step::Set(*copy), first.clone()]);
                    4
                }
                _ => {
                    steps.push(step.clone());
                    1
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
            at += taken;
        }
        let is_shorter = steps.len() < self.steps.len() || steps != self.steps;
        self.steps = steps;
        is_shorter
    }

    /// For each local, those that have to keep another value at the same time.
    fn rivals(&self) -> Vec<Set> {
        let nexts = self.nexts();
        let live = self.live(&nexts);
        let mut rivals = vec![Set::new(); self.kinds.len()];
        let mut add = |one: usize, others: &Set| {
            for other in others.iter().filter(|other| **other != one) {
                rivals[one].insert(*other);
                rivals[*other].insert(one);
            }
        };
        // what has a value from the beginning: parameters, and zero
        let first: Set = live[0].iter().copied().chain(0..self.params).collect();
        for local in &first {
            add(*local, &first);
        }
        let mut before: Option<&Step> = None;
        for (at, step) in self.steps.iter().enumerate() {
            if let Step::Set(local) | Step::Tee(local) = step {
                let mut others = live_after(&live, &nexts[at]);
                // what is copied is the same
                if let Some(Step::Get(source) | Step::Tee(source)) = before {
                    others.remove(source);
                }
                add(*local, &others);
            }
            before = Some(step);
        }
        rivals
    }

    /// Makes one local of two where one is a copy of the other and neither needs its own; whether there were any.
    fn join(&mut self) -> bool {
        let mut rivals = self.rivals();
        let mut has_joined = false;
        for at in 1..self.steps.len() {
            let (Step::Get(from) | Step::Tee(from), Step::Set(to) | Step::Tee(to)) =
                (&self.steps[at - 1], &self.steps[at])
            else {
                continue;
            };
            let (kept, gone) = (*from.min(to), *from.max(to));
            if kept == gone
                || gone < self.params
                || self.kinds[kept] != self.kinds[gone]
                || rivals[kept].contains(&gone)
            {
                continue;
            }
            has_joined = true;
            for other in std::mem::take(&mut rivals[gone]) {
                rivals[other].insert(kept);
                rivals[kept].insert(other);
            }
            self.rename(|local| if local == gone { kept } else { local });
        }
        has_joined
    }

    /// Has locals share numbers, and gives those in most use the lowest. Parameters keep theirs.
    fn share(&mut self) {
        let rivals = self.rivals();
        let uses = self.uses();
        let mut locals: Vec<usize> = (self.params..self.kinds.len()).filter(|local| uses[*local] > 0).collect();
        locals.sort_by_key(|local| Reverse(uses[*local]));
        let mut numbers: BTreeMap<usize, usize> = (0..self.params).map(|local| (local, local)).collect();
        let mut kinds = self.kinds[..self.params].to_vec();
        for local in locals {
            let taken: Set = rivals[local].iter().filter_map(|rival| numbers.get(rival)).copied().collect();
            let fits = |number: &usize| kinds[*number] == self.kinds[local] && !taken.contains(number);
            let number = (0..kinds.len()).find(fits).unwrap_or(kinds.len());
            if number == kinds.len() {
                kinds.push(self.kinds[local]);
            }
            numbers.insert(local, number);
        }
        self.kinds = kinds;
        self.rename(|local| numbers[&local]);

        let uses = self.uses();
        let mut order: Vec<usize> = (self.params..self.kinds.len()).collect();
        // they are declared by type
        order.sort_by_key(|local| (Reverse(self.kinds[*local]), Reverse(uses[*local])));
        let order: Vec<usize> = (0..self.params).chain(order).collect();
        self.kinds = order.iter().map(|local| self.kinds[*local]).collect();
        self.rename(|local| order.iter().position(|other| *other == local).unwrap_or(local));
    }

    /// How often each local is named.
    fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.kinds.len()];
        for step in &self.steps {
            if let Step::Get(local) | Step::Set(local) | Step::Tee(local) = step {
                uses[*local] += 1;
            }
        }
        uses
    }

    fn rename(&mut self, name: impl Fn(usize) -> usize) {
        for step in &mut self.steps {
            if let Step::Get(local) | Step::Set(local) | Step::Tee(local) = step {
                *local = name(*local);
            }
        }
    }
}

fn live_after(live: &[Set], nexts: &[usize]) -> Set {
    nexts.iter().flat_map(|next| &live[*next]).copied().collect()
}

/// Sets of places, which may be united.
#[derive(Default)]
struct Groups {
    numbers: BTreeMap<(usize, usize, bool), usize>,
    parents: Vec<usize>,
}

impl Groups {
    fn of(&mut self, place: (usize, usize, bool)) -> usize {
        let next = self.parents.len();
        let mut group = *self.numbers.entry(place).or_insert(next);
        if group == next {
            self.parents.push(next);
        }
        while self.parents[group] != group {
            self.parents[group] = self.parents[self.parents[group]];
            group = self.parents[group];
        }
        group
    }

    fn unite(&mut self, one: (usize, usize, bool), other: (usize, usize, bool)) {
        let (one, other) = (self.of(one), self.of(other));
        self.parents[one.max(other)] = one.min(other);
    }
}

pub(super) fn part(bytes: &[u8], range: Range<u64>) -> Result<&[u8]> {
    let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
    bytes.get(range).context("a part ends behind the whole")
}

fn code(kind: ValType) -> Result<u8> {
    match kind {
        ValType::I32 => Ok(0x7f),
        ValType::I64 => Ok(0x7e),
        other => bail!("the pixel has a local of type {other}"),
    }
}

/// Appends a number as Wasm writes it (LEB128).
pub(super) fn put(out: &mut Vec<u8>, number: usize) {
    let mut rest = number;
    while rest > 127 {
        out.push(rest.to_le_bytes()[0] | 128);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::Step::{Get, Set, Tee};
    use super::*;

    fn other(flow: Flow) -> Step {
        Step::Other(flow, vec![1])
    }

    fn call() -> Step {
        other(Flow::On)
    }

    fn end() -> Step {
        other(Flow::End)
    }

    /// `steps` of a function with one parameter and four locals, after as much as can be done.
    fn renamed(steps: &[Step]) -> Vec<Step> {
        let mut function = Function { params: 1, kinds: vec![0x7f; 5], steps: steps.to_vec() };
        function.split();
        while function.shorten() || function.join() {}
        function.share();
        function.steps
    }

    #[test]
    fn the_results_of_a_call_go_where_they_belong() {
        let steps = [call(), Set(2), Tee(1), Set(3), Get(2), Set(4), Get(4), Get(3), Get(4), Get(0), call(), end()];
        assert_eq!(renamed(&steps), [call(), Set(1), Set(2), Get(1), Get(2), Get(1), Get(0), call(), end()]);
    }

    #[test]
    fn what_is_asked_for_by_the_next_round_keeps_its_local() {
        // the last value of 1 is asked for when the loop begins again
        let looping = |branch: Flow| {
            [other(Flow::Loop), Get(1), call(), Tee(1), Set(2), Get(0), other(branch), end(), Get(2), call(), end()]
        };
        let shared = renamed(&looping(Flow::On));
        assert_eq!(shared[1..4], [Get(1), call(), Set(1)]);
        let kept = renamed(&looping(Flow::Jump(vec![0], true)));
        assert_eq!(kept[1..4], [Get(1), call(), Set(1)]);
        assert_eq!(kept[7], Get(1));
    }

    #[test]
    fn a_value_that_changes_after_it_was_copied_stays_apart() {
        let steps = [Get(0), Set(1), call(), Set(0), Get(1), Get(0), call(), end()];
        assert_eq!(renamed(&steps), [call(), Set(1), Get(0), Get(1), call(), end()]);
    }

    #[test]
    fn what_is_zero_until_it_is_set_shares_no_local_with_what_was_something_else() {
        // 1 is only set if the parameter is true
        let steps =
            [call(), Set(2), Get(2), call(), Get(0), other(Flow::If), call(), Set(1), end(), Get(1), call(), end()];
        let renamed = renamed(&steps);
        assert_eq!(renamed[..3], [call(), call(), Get(0)]);
        let [.., Set(set), Step::Other(Flow::End, _), Get(got), _, _] = renamed.as_slice() else {
            panic!("{renamed:?}")
        };
        assert_eq!((set, got), (&1, &1));
    }

    #[test]
    fn a_value_that_nobody_asks_for_is_dropped() {
        let drop = Step::Other(Flow::On, vec![DROP]);
        assert_eq!(renamed(&[call(), Set(1), call(), Tee(2), call(), end()]), [call(), drop, call(), call(), end()]);
    }

    #[test]
    fn numbers_are_written_in_sevens_of_bits() {
        let mut out = Vec::new();
        put(&mut out, 127);
        put(&mut out, 128);
        put(&mut out, 624_485);
        assert_eq!(out, [127, 0x80, 1, 0xe5, 0x8e, 0x26]);
    }
}
