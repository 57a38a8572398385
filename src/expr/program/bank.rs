//! Registers: whole columns of intermediate results.

/// Registers of one type. The first is apart, because the caller's `out` takes its place where results have that type.
#[derive(Clone, Debug, Default)]
pub(super) struct Stack<T> {
    pub(super) first: Vec<T>,
    pub(super) rest: Vec<Vec<T>>,
}

impl<T: Copy + Default> Stack<T> {
    pub(super) fn grow(&mut self, count: usize, rows: usize) {
        let rest = count.saturating_sub(1);
        if self.rest.len() < rest {
            self.rest.resize(rest, Vec::new());
        }
        for register in std::iter::once(&mut self.first).chain(&mut self.rest) {
            if register.len() < rows {
                register.resize(rows, T::default());
            }
        }
    }
}

/// The registers of one type during a block.
pub(super) struct Bank<'a, T> {
    first: &'a mut [T],
    rest: &'a mut [Vec<T>],
    rows: usize,
}

/// The registers above one that is being written.
#[derive(Clone, Copy)]
pub(super) struct Above<'a, T> {
    registers: &'a [Vec<T>],
    lowest: usize,
    rows: usize,
}

impl<'a, T> Bank<'a, T> {
    pub(super) fn new(first: &'a mut [T], rest: &'a mut [Vec<T>], rows: usize) -> Self {
        Bank { first, rest, rows }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn get(&self, register: usize) -> &[T] {
        match register {
            0 => &self.first[..self.rows],
            above => &self.rest[above - 1][..self.rows],
        }
    }

    /// A register to write, and those above it to read.
    pub(super) fn split(&mut self, to: usize) -> (&mut [T], Above<'_, T>) {
        let rows = self.rows;
        let (below, registers) = self.rest.split_at_mut(to);
        let out = match below.last_mut() {
            None => &mut self.first[..rows],
            Some(register) => &mut register[..rows],
        };
        let above = Above { registers, lowest: to + 1, rows };
        (out, above)
    }
}

impl<'a, T> Above<'a, T> {
    pub(super) fn get(&self, register: usize) -> &'a [T] {
        &self.registers[register - self.lowest][..self.rows]
    }
}
