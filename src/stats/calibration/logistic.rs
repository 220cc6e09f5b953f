//! Maximum likelihood in the logistic model ln[π/(1 - π)] = offset + a + b x, with b or without.
//!
//! Newton's method, here the same as iteratively reweighted least squares (McCullagh & Nelder 1989, section 4.4). The
//! log-likelihood is concave: a step that loses is halved. It has a maximum in a as soon as both classes occur, in a and b only
//! if no threshold on x parts them (Albert & Anderson 1984, Biometrika 71:1).

/// Enough for steps that halve down to nothing; a handful is usual.
const STEPS: usize = 200;

/// One subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observation {
    pub(super) offset: f64,
    pub(super) x: f64,
    pub(super) case: bool,
}

/// Which coefficients are estimated; the others are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terms {
    Intercept,
    InterceptAndSlope,
}

/// The likeliest [a, b] and their variances, the diagonal of the inverse information.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    pub(super) coefficients: [f64; 2],
    pub(super) variances: [f64; 2],
}

/// The model at the maximum, which the caller knows to exist.
pub(super) fn fit(observations: &[Observation], terms: Terms) -> Fit {
    let mut coefficients = [0.0; 2];
    for _ in 0..STEPS {
        let step = uphill(observations, coefficients, Derivatives::at(observations, coefficients).newton_step(terms));
        coefficients = moved(coefficients, step);
        let size = |vector: [f64; 2]| vector[0].abs().max(vector[1].abs());
        if size(step) <= f64::EPSILON * size(coefficients).max(1.0) {
            break;
        }
    }
    let [[aa, _], [_, bb]] = Derivatives::at(observations, coefficients).covariance(terms);
    Fit { coefficients, variances: [aa, bb] }
}

/// The step, halved until the likelihood does not fall by more than its own rounding.
fn uphill(observations: &[Observation], from: [f64; 2], mut step: [f64; 2]) -> [f64; 2] {
    let before = log_likelihood(observations, from);
    for _ in 0..STEPS {
        if log_likelihood(observations, moved(from, step)) >= before - 1e-12 * before.abs() {
            break;
        }
        step = step.map(|part| part / 2.0);
    }
    step
}

fn moved(from: [f64; 2], step: [f64; 2]) -> [f64; 2] {
    [from[0] + step[0], from[1] + step[1]]
}

/// Σ ln P(what happened)
fn log_likelihood(observations: &[Observation], coefficients: [f64; 2]) -> f64 {
    let term = |observation: &Observation| {
        let eta = observation.log_odds(coefficients);
        let against = if observation.case { -eta } else { eta };
        // -ln(1 + e^against) without overflow.
        -(against.max(0.0) + (-against.abs()).exp().ln_1p())
    };
    observations.iter().map(term).sum()
}

impl Observation {
    fn log_odds(&self, [a, b]: [f64; 2]) -> f64 {
        self.offset + a + b * self.x
    }
}

/// The gradient of the log-likelihood and its negative second derivatives.
struct Derivatives {
    score: [f64; 2],
    information: [[f64; 2]; 2],
}

impl Derivatives {
    fn at(observations: &[Observation], coefficients: [f64; 2]) -> Self {
        let (mut score, mut information) = ([0.0; 2], [[0.0; 2]; 2]);
        for observation in observations {
            let eta = observation.log_odds(coefficients);
            let (case, control) = (1.0 / (1.0 + (-eta).exp()), 1.0 / (1.0 + eta.exp()));
            let residual = if observation.case { control } else { -case };
            let row = [1.0, observation.x];
            for i in 0..2 {
                score[i] += row[i] * residual;
                for j in 0..2 {
                    information[i][j] += row[i] * row[j] * case * control;
                }
            }
        }
        Self { score, information }
    }

    fn covariance(&self, terms: Terms) -> [[f64; 2]; 2] {
        let [[aa, ab], [_, bb]] = self.information;
        let determinant = aa * bb - ab * ab;
        match terms {
            Terms::Intercept => [[1.0 / aa, 0.0], [0.0, 0.0]],
            Terms::InterceptAndSlope => [[bb / determinant, -ab / determinant], [-ab / determinant, aa / determinant]],
        }
    }

    fn newton_step(&self, terms: Terms) -> [f64; 2] {
        self.covariance(terms).map(|row| row[0] * self.score[0] + row[1] * self.score[1])
    }
}
