//! Dispatch: an interpreter of a small stack machine, as language runtimes have them.

#[derive(Clone, Copy)]
enum Instruction {
    Push(u64),
    Load(u8),
    Store(u8),
    Add,
    Multiply,
    Xor,
    Rotate,
    JumpIfBelow(u8, u64, usize),
    End,
}

/// The result of a program that loops `size` times.
pub fn run(size: u32) -> i64 {
    use Instruction::{Add, End, JumpIfBelow, Load, Multiply, Push, Rotate, Store, Xor};
    // Variable 0 counts, variable 1 gathers.
    let program = [
        Load(1),
        Push(0x9e37_79b9),
        Add,
        Load(0),
        Multiply,
        Rotate,
        Load(1),
        Xor,
        Store(1),
        Load(0),
        Push(1),
        Add,
        Store(0),
        JumpIfBelow(0, u64::from(size), 0),
        End,
    ];
    interpret(&program) as i64
}

fn interpret(program: &[Instruction]) -> u64 {
    let mut variables = [0u64; 2];
    let mut stack = Vec::with_capacity(8);
    let mut at = 0;
    while let Some(&instruction) = program.get(at) {
        at += 1;
        match instruction {
            Instruction::Push(value) => stack.push(value),
            Instruction::Load(variable) => stack.push(variables[usize::from(variable & 1)]),
            Instruction::Store(variable) => variables[usize::from(variable & 1)] = stack.pop().unwrap_or(0),
            Instruction::Add => binary(&mut stack, u64::wrapping_add),
            Instruction::Multiply => binary(&mut stack, u64::wrapping_mul),
            Instruction::Xor => binary(&mut stack, |left, right| left ^ right),
            Instruction::Rotate => {
                let value = stack.pop().unwrap_or(0);
                stack.push(value.rotate_left(13));
            }
            Instruction::JumpIfBelow(variable, limit, target) => {
                if variables[usize::from(variable & 1)] < limit {
                    at = target;
                }
            }
            Instruction::End => break,
        }
    }
    variables[1]
}

fn binary(stack: &mut Vec<u64>, operation: impl Fn(u64, u64) -> u64) {
    let right = stack.pop().unwrap_or(0);
    let left = stack.pop().unwrap_or(0);
    stack.push(operation(left, right));
}
