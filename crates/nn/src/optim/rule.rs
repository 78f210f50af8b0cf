//! The update rules, each as one pass over slices: parameter, gradient and moments are read and written once.

use gradbook_autograd::{Real, simd};

use super::{Adam, Method, Momentum};

/// A piece of one parameter with its gradient and its moments.
pub(super) struct Piece<'a, T> {
    pub theta: &'a mut [T],
    pub g: &'a [T],
    /// As many as the method has [`moments`].
    pub moments: [&'a mut [T]; 3],
    /// The number t of this update, counted from 1.
    pub t: u64,
    pub rate: f64,
    pub decay: f64,
    pub method: Method,
    /// The length of the parameter's last axis.
    pub columns: usize,
}

/// What a gradient is put through before it is used: times `scale`, then to ±`limit`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    pub scale: f64,
    pub limit: f64,
}

impl Limits {
    pub const NONE: Self = Self { scale: 1.0, limit: f64::INFINITY };

    pub fn apply<T: Real>(self) -> impl Fn(T) -> T + Copy {
        let (scale, limit) = (T::of(self.scale), T::of(self.limit));
        move |g| {
            let g = g * scale;
            // Written so that NaN stays NaN.
            if g >= limit {
                limit
            } else if g <= -limit {
                -limit
            } else {
                g
            }
        }
    }
}

/// The names of a method's moments.
pub(super) fn moments(method: &Method) -> &'static [&'static str] {
    match method {
        Method::Sgd { momentum: Momentum::None } => &[],
        Method::Sgd { .. } | Method::Lion { .. } | Method::Muon { .. } => &["m"],
        Method::Adam(Adam { amsgrad: false, .. }) | Method::AdamW(Adam { amsgrad: false, .. }) => &["m", "v"],
        Method::Adam(_) | Method::AdamW(_) => &["m", "v", "v_max"],
    }
}

impl<T: Real> Piece<'_, T> {
    /// One update, compiled for the widest vectors this machine has.
    pub fn update(self, limits: Limits) {
        simd!(match self.method {
            Method::Sgd { momentum } => self.sgd(momentum, limits),
            Method::Adam(adam) => self.adam(&adam, Decay::Coupled, limits),
            Method::AdamW(adam) => self.adam(&adam, Decay::Decoupled, limits),
            Method::Lion { betas } => self.lion(betas, limits),
            Method::Muon { momentum, .. } => self.muon(momentum, limits),
        });
    }

    #[inline(always)]
    fn sgd(self, momentum: Momentum, limits: Limits) {
        let (rate, decay, limited) = (T::of(self.rate), T::of(self.decay), limits.apply());
        let [m, ..] = self.moments;
        let both = self.theta.iter_mut().zip(self.g);
        match momentum {
            Momentum::None => both.for_each(|(theta, &g)| *theta -= rate * (limited(g) + decay * *theta)),
            Momentum::Classical(mu) => {
                let mu = T::of(mu);
                both.zip(m).for_each(|((theta, &g), m)| {
                    *m = mu * *m + limited(g) + decay * *theta;
                    *theta -= rate * *m;
                });
            }
            Momentum::Nesterov(mu) => {
                let mu = T::of(mu);
                both.zip(m).for_each(|((theta, &g), m)| {
                    let g = limited(g) + decay * *theta;
                    *m = mu * *m + g;
                    *theta -= rate * (g + mu * *m);
                });
            }
        }
    }

    #[inline(always)]
    fn adam(self, adam: &Adam, decay: Decay, limits: Limits) {
        let [b1, b2] = adam.betas.map(T::of);
        let [c1, c2] = adam.betas.map(|beta| T::of(1.0 - beta));
        let [bias1, bias2] = adam.betas.map(|beta| 1.0 - beta.powi(self.t.min(i32::MAX as u64) as i32));
        // η·m̂/(√v̂ + ε) = step·m/(√v·root + ε)
        let (step, root, eps) = (T::of(self.rate / bias1), T::of(1.0 / bias2.sqrt()), T::of(adam.eps));
        let (coupled, kept) = match decay {
            Decay::Coupled => (T::of(self.decay), T::ONE),
            Decay::Decoupled => (T::ZERO, T::of(1.0 - self.rate * self.decay)),
        };
        let limited = limits.apply();
        let moved = move |theta: &mut T, g: T, m: &mut T, v: &mut T| {
            let g = limited(g) + coupled * *theta;
            *m = b1 * *m + c1 * g;
            *v = b2 * *v + c2 * g * g;
            *theta *= kept;
        };
        let [m, v, v_max] = self.moments;
        let all = self.theta.iter_mut().zip(self.g).zip(m).zip(v);
        if adam.amsgrad {
            all.zip(v_max).for_each(|((((theta, &g), m), v), v_max)| {
                moved(theta, g, m, v);
                if *v >= *v_max {
                    *v_max = *v;
                }
                *theta -= step * *m / (v_max.sqrt() * root + eps);
            });
        } else {
            all.for_each(|(((theta, &g), m), v)| {
                moved(theta, g, m, v);
                *theta -= step * *m / (v.sqrt() * root + eps);
            });
        }
    }

    #[inline(always)]
    fn lion(self, betas: [f64; 2], limits: Limits) {
        let [b1, b2] = betas.map(T::of);
        let [c1, c2] = betas.map(|beta| T::of(1.0 - beta));
        let (rate, kept, limited) = (T::of(self.rate), T::of(1.0 - self.rate * self.decay), limits.apply());
        let [m, ..] = self.moments;
        self.theta.iter_mut().zip(self.g).zip(m).for_each(|((theta, &g), m)| {
            let g = limited(g);
            let c = b1 * *m + c1 * g;
            let sign = if c > T::ZERO {
                rate
            } else if c < T::ZERO {
                -rate
            } else {
                c // zero stays, NaN shows
            };
            *theta = *theta * kept - sign;
            *m = b2 * *m + c2 * g;
        });
    }
}

/// Where the weight decay enters.
#[derive(Clone, Copy)]
enum Decay {
    /// In the gradient.
    Coupled,
    /// Beside it.
    Decoupled,
}
