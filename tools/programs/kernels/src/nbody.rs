//! Floating point with divisions and square roots: bodies that attract each other.

use crate::random::Random;

struct Body {
    position: [f64; 3],
    velocity: [f64; 3],
    mass: f64,
}

const STEP: f64 = 0.001;

/// The bits of the energy of eight bodies after `size` steps.
pub fn run(size: u32) -> i64 {
    let mut random = Random::new(6);
    let mut bodies: Vec<Body> = (0..8).map(|_| body(&mut random)).collect();
    for _ in 0..size {
        advance(&mut bodies);
    }
    bodies.iter().map(kinetic_energy).sum::<f64>().to_bits() as i64
}

fn body(random: &mut Random) -> Body {
    let mut three = || [random.fraction() - 0.5, random.fraction() - 0.5, random.fraction() - 0.5];
    Body { position: three(), velocity: three(), mass: random.fraction() }
}

fn advance(bodies: &mut [Body]) {
    for index in 0..bodies.len() {
        let (head, tail) = bodies.split_at_mut(index + 1);
        for other in tail {
            attract(&mut head[index], other);
        }
    }
    for body in bodies {
        for axis in 0..3 {
            body.position[axis] += STEP * body.velocity[axis];
        }
    }
}

fn attract(one: &mut Body, other: &mut Body) {
    let apart: [f64; 3] = core::array::from_fn(|axis| one.position[axis] - other.position[axis]);
    // The constant keeps bodies that meet from being thrown out of the system.
    let square = apart.iter().map(|value| value * value).sum::<f64>() + 0.01;
    let pull = STEP / (square * square.sqrt());
    for (axis, distance) in apart.into_iter().enumerate() {
        one.velocity[axis] -= distance * other.mass * pull;
        other.velocity[axis] += distance * one.mass * pull;
    }
}

fn kinetic_energy(body: &Body) -> f64 {
    0.5 * body.mass * body.velocity.iter().map(|value| value * value).sum::<f64>()
}
