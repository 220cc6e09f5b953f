//! Python's pickle format as data. A pickle is a program for a stack machine that may call anything; this reader calls nothing. It knows the
//! opcodes that plain data and state dicts need, lets calls stand as values, and refuses every function that is not on a list (Python's
//! `pickletools.py` describes the opcodes).

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};

/// The most values, and the most places of the stack and the memo: a hundred times what the state dict of a large network needs. One
/// byte of a hostile file makes one value of some fifty bytes.
const MOST: usize = 1 << 20;

/// Place of a value in [`Pickle::values`]. Values refer to one another by place, so a pickle that contains itself is no trap.
pub(super) type Id = usize;

/// What a pickle builds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    /// A `dict` or an `OrderedDict`.
    Dict(Vec<(Id, Id)>),
    /// A function or a class by its name.
    Global(&'static str),
    /// Something outside the pickle, and what names it.
    Persistent(Id),
    /// A call that is not made: a [`Value::Global`] and its arguments.
    Call(Id, Id),
}

/// The one call whose meaning is known here.
const ORDERED_DICT: &str = "collections.OrderedDict";

/// A pickle that was read.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    values: Vec<Value<'a>>,
    root: Id,
    /// Bytes up to and with the end of the pickle.
    pub(super) length: usize,
}

impl<'a> Pickle<'a> {
    /// Reads the pickle at the start of `bytes`; it may name the functions and classes `known` and no others.
    ///
    /// # Errors
    /// When it is cut or damaged, needs an opcode that data do not need, or names something else; the message names it.
    pub(super) fn read(bytes: &'a [u8], known: &'static [&'static str]) -> Result<Self> {
        let mut machine = Machine { bytes, at: 0, known, values: vec![], stack: vec![], marks: vec![], memo: HashMap::new() };
        loop {
            let start = machine.at;
            let step = machine.step().with_context(|| format!("byte {start} of the pickle"))?;
            if let Some(root) = step {
                return Ok(Self { values: machine.values, root, length: machine.at });
            }
        }
    }

    /// What the pickle is as a whole.
    pub(super) fn root(&self) -> &Value<'a> {
        self.get(self.root)
    }

    /// Every value that was built on the way.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value<'a>> {
        self.values.iter()
    }

    /// The value at a place.
    pub(super) fn get(&self, id: Id) -> &Value<'a> {
        &self.values[id]
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    known: &'static [&'static str],
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Obeys one opcode; the root when it was the last.
    fn step(&mut self) -> Result<Option<Id>> {
        match self.byte()? {
            b'.' => return self.pop().map(Some),
            // PROTO; FRAME, which only helps to read ahead.
            0x80 => self.take(1).map(drop)?,
            0x95 => self.take(8).map(drop)?,
            b'(' => self.mark()?,
            b'0' => self.pop().map(drop)?,
            b'1' => self.popped_mark().map(drop)?,
            b'2' => self.top().and_then(|top| self.push_id(top))?,
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'J' => self.fixed().map(i32::from_le_bytes).and_then(|number| self.push(Value::Int(number.into())))?,
            b'K' => self.byte().and_then(|number| self.push(Value::Int(number.into())))?,
            b'M' => self.fixed().map(u16::from_le_bytes).and_then(|number| self.push(Value::Int(number.into())))?,
            0x8a => self.length::<1>().and_then(|length| self.long(length))?,
            0x8b => self.length::<4>().and_then(|length| self.long(length))?,
            b'G' => self.fixed().map(f64::from_be_bytes).and_then(|number| self.push(Value::Float(number)))?,
            // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8; SHORT_BINSTRING, BINSTRING of Python 2.
            0x8c | b'U' => self.length::<1>().and_then(|length| self.text(length))?,
            b'X' | b'T' => self.length::<4>().and_then(|length| self.text(length))?,
            0x8d => self.length::<8>().and_then(|length| self.text(length))?,
            // SHORT_BINBYTES, BINBYTES, BINBYTES8.
            b'C' => self.length::<1>().and_then(|length| self.raw(length))?,
            b'B' => self.length::<4>().and_then(|length| self.raw(length))?,
            0x8e => self.length::<8>().and_then(|length| self.raw(length))?,
            b')' => self.push(Value::Tuple(vec![]))?,
            b']' => self.push(Value::List(vec![]))?,
            b'}' => self.push(Value::Dict(vec![]))?,
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => self.popped_mark().and_then(|items| self.push(Value::Tuple(items)))?,
            b'l' => self.popped_mark().and_then(|items| self.push(Value::List(items)))?,
            b'd' => self.popped_mark().and_then(paired).and_then(|pairs| self.push(Value::Dict(pairs)))?,
            b'a' => self.pop().and_then(|item| self.append(vec![item]))?,
            b'e' => self.popped_mark().and_then(|items| self.append(items))?,
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(vec![(key, value)])?;
            }
            b'u' => self.popped_mark().and_then(paired).and_then(|pairs| self.insert(pairs))?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (&self.values[module], &self.values[name]) else {
                    bail!("the name of a function is no text");
                };
                let (module, name) = (*module, *name);
                self.global(module, name)?;
            }
            // REDUCE, NEWOBJ.
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.call(function, arguments)?;
            }
            b'b' => self.build()?,
            b'Q' => self.pop().and_then(|id| self.push(Value::Persistent(id)))?,
            b'q' => self.byte().and_then(|place| self.remember(place.into()))?,
            b'r' => self.fixed().map(u32::from_le_bytes).and_then(|place| self.remember(place))?,
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => self.byte().and_then(|place| self.recall(place.into()))?,
            b'j' => self.fixed().map(u32::from_le_bytes).and_then(|place| self.recall(place))?,
            opcode => {
                bail!("opcode {opcode:#04x} is not one that state dicts need; save `model.state_dict()` with pickle protocol 2")
            }
        }
        Ok(None)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let taken =
            rest.get(..length).with_context(|| format!("{length} bytes wanted, {} left; the file may be cut", rest.len()))?;
        self.at += length;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("BUG: as many bytes as were taken"))
    }

    /// A length in `N` bytes.
    fn length<const N: usize>(&mut self) -> Result<usize> {
        let mut wide = [0; 8];
        wide[..N].copy_from_slice(self.take(N)?);
        usize::try_from(u64::from_le_bytes(wide)).context("a length beyond the address space")
    }

    fn line(&mut self) -> Result<&'a str> {
        let length = self.bytes[self.at..].iter().position(|&byte| byte == b'\n').context("a line is cut off")?;
        let line = self.take(length + 1)?;
        std::str::from_utf8(&line[..length]).context("a name is no UTF-8")
    }

    fn text(&mut self, length: usize) -> Result<()> {
        let text = std::str::from_utf8(self.take(length)?).context("a text is no UTF-8")?;
        self.push(Value::Text(text))
    }

    fn raw(&mut self, length: usize) -> Result<()> {
        let bytes = self.take(length)?;
        self.push(Value::Bytes(bytes))
    }

    /// A whole number in two's complement; one that does not fit 64 bits stays bytes.
    fn long(&mut self, length: usize) -> Result<()> {
        let bytes = self.take(length)?;
        if length > 8 {
            return self.push(Value::Bytes(bytes));
        }
        let negative = bytes.last().is_some_and(|&top| top >= 0x80);
        let mut wide = if negative { [0xff; 8] } else { [0; 8] };
        wide[..length].copy_from_slice(bytes);
        self.push(Value::Int(i64::from_le_bytes(wide)))
    }

    fn push(&mut self, value: Value<'a>) -> Result<()> {
        ensure!(self.values.len() < MOST, "more than {MOST} values");
        self.values.push(value);
        self.push_id(self.values.len() - 1)
    }

    fn push_id(&mut self, id: Id) -> Result<()> {
        ensure!(self.stack.len() < MOST, "a stack of more than {MOST} values");
        self.stack.push(id);
        Ok(())
    }

    fn mark(&mut self) -> Result<()> {
        ensure!(self.marks.len() < MOST, "more than {MOST} marks");
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// The top of the stack; what lies below the last mark is out of reach.
    fn top(&self) -> Result<Id> {
        let floor = self.marks.last().copied().unwrap_or(0);
        ensure!(self.stack.len() > floor, "a value is wanted and none is there");
        Ok(self.stack[self.stack.len() - 1])
    }

    fn pop(&mut self) -> Result<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn popped_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().context("a mark is wanted and none is there")?;
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, length: usize) -> Result<()> {
        let mut items = (0..length).map(|_| self.pop()).collect::<Result<Vec<_>>>()?;
        items.reverse();
        self.push(Value::Tuple(items))
    }

    fn append(&mut self, items: Vec<Id>) -> Result<()> {
        let top = self.top()?;
        let Value::List(list) = &mut self.values[top] else { bail!("items for what is no list") };
        list.extend(items);
        Ok(())
    }

    fn insert(&mut self, pairs: Vec<(Id, Id)>) -> Result<()> {
        let top = self.top()?;
        let Value::Dict(dict) = &mut self.values[top] else { bail!("entries for what is no dict") };
        dict.extend(pairs);
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let full = format!("{module}.{name}");
        let known = self.known.iter().chain(&[ORDERED_DICT]).find(|known| **known == full);
        let known = known.with_context(|| {
            format!(
                "the file wants to use `{}`, and nothing in a file is run; it is not a plain state dict: save `model.state_dict()`",
                full.escape_debug()
            )
        })?;
        self.push(Value::Global(known))
    }

    fn call(&mut self, function: Id, arguments: Id) -> Result<()> {
        match (&self.values[function], &self.values[arguments]) {
            (Value::Global(ORDERED_DICT), Value::Tuple(none)) if none.is_empty() => self.push(Value::Dict(vec![])),
            (Value::Global(ORDERED_DICT), Value::Tuple(items)) => {
                let pairs = self.listed_pairs(items)?;
                self.push(Value::Dict(pairs))
            }
            (Value::Global(_), Value::Tuple(_)) => self.push(Value::Call(function, arguments)),
            _ => bail!("a call of what is no function"),
        }
    }

    /// Pairs of the one list in the arguments of an `OrderedDict`, as Python 2 wrote it.
    fn listed_pairs(&self, arguments: &[Id]) -> Result<Vec<(Id, Id)>> {
        let [list] = arguments else { bail!("an OrderedDict of several arguments") };
        let Value::List(items) = &self.values[*list] else { bail!("an OrderedDict of what is no list") };
        let pair = |item: &Id| match &self.values[*item] {
            Value::List(pair) | Value::Tuple(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
            _ => bail!("an OrderedDict of what are no pairs"),
        };
        items.iter().map(pair).collect()
    }

    /// Attributes are set on an object: state dicts carry `_metadata`, which says nothing of weights, so they are dropped.
    fn build(&mut self) -> Result<()> {
        self.pop()?;
        let top = self.top()?;
        ensure!(matches!(self.values[top], Value::Dict(_)), "attributes for what is no dict");
        Ok(())
    }

    fn remember(&mut self, place: u32) -> Result<()> {
        ensure!(self.memo.len() < MOST, "a memo of more than {MOST} values");
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<()> {
        let id = *self.memo.get(&place).with_context(|| format!("memo {place} is empty"))?;
        self.push_id(id)
    }
}

/// Keys and values in turn.
fn paired(items: Vec<Id>) -> Result<Vec<(Id, Id)>> {
    let (pairs, rest) = items.as_chunks::<2>();
    ensure!(rest.is_empty(), "a key without a value");
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}
