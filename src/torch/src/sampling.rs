//! Which images an update shows. A function of the seed and the update alone, so that a training can go on from any update.

use bgh::seed::Seed;
use bgh::stage::train::{Matched, Sampling};
use rand::seq::SliceRandom;

/// The images of every update.
#[derive(Debug, Clone, Copy)]
pub struct Sampler {
    images: usize,
    batch: usize,
    updates_per_epoch: usize,
    sampling: Sampling,
    seed: Seed,
}

/// One showing of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Showing {
    /// The image.
    pub image: usize,
    /// Its number in the whole training: the source of its random cut.
    pub number: usize,
}

impl Sampler {
    /// Batches of `batch` out of `images`. An epoch has ⌈N / batch⌉ updates as DIGITS counts, N being the number of images, or that of
    /// the largest arm where arms are matched.
    pub fn new(images: usize, batch: usize, sampling: Sampling, matched: Option<Matched>, seed: Seed) -> Self {
        let shown = matched.map_or(images, |Matched { largest, own }| (images * largest).div_ceil(own.max(1)));
        Self { images, batch, updates_per_epoch: shown.div_ceil(batch), sampling, seed }
    }

    /// Updates an epoch.
    pub fn updates_per_epoch(&self) -> usize {
        self.updates_per_epoch
    }

    /// What an update shows.
    pub fn batch(&self, update: usize) -> Vec<Showing> {
        let first = update * self.batch;
        let start = match self.sampling {
            Sampling::Cyclic => 0,
            Sampling::Reshuffle => first - update % self.updates_per_epoch * self.batch,
        };
        let mut order = (0, self.order(start, 0));
        let showing = |number: usize| {
            let round = (number - start) / self.images;
            if round != order.0 {
                order = (round, self.order(start, round));
            }
            Showing { image: order.1[(number - start) % self.images], number }
        };
        (first..first + self.batch).map(showing).collect()
    }

    /// The order of one round through the images: one for all rounds when cyclic, else one for each, counted from the showing that
    /// starts the epoch.
    fn order(&self, start: usize, round: usize) -> Vec<usize> {
        let stream = match self.sampling {
            Sampling::Cyclic => self.seed,
            Sampling::Reshuffle => self.seed.child(start).child(round),
        };
        let mut order: Vec<usize> = (0..self.images).collect();
        order.shuffle(&mut stream.rng());
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(sampler: &Sampler, updates: std::ops::Range<usize>) -> Vec<usize> {
        updates.flat_map(|update| sampler.batch(update)).map(|showing| showing.image).collect()
    }

    fn sampler(sampling: Sampling, matched: Option<Matched>) -> Sampler {
        Sampler::new(10, 4, sampling, matched, Seed::root(3))
    }

    fn sorted(mut images: Vec<usize>) -> Vec<usize> {
        images.sort_unstable();
        images
    }

    #[test]
    fn an_epoch_shows_every_image_in_an_order_of_its_own() {
        let sampler = sampler(Sampling::Reshuffle, None);
        assert_eq!(sampler.updates_per_epoch(), 3);
        let [first, second] = [images(&sampler, 0..3), images(&sampler, 3..6)];
        assert_eq!((sorted(first[..10].to_vec()), sorted(second[..10].to_vec())), ((0..10).collect(), (0..10).collect()));
        assert_ne!(first, second);
    }

    /// DIGITS reads its database round and round: 3 batches of 4 out of 10 end an epoch, and the next begins at the third image.
    #[test]
    fn cyclic_batches_run_on_into_the_next_epoch() {
        let shown = images(&sampler(Sampling::Cyclic, None), 0..15);
        assert_eq!(sorted(shown[..10].to_vec()), (0..10).collect::<Vec<_>>());
        assert!((10..60).all(|number| shown[number] == shown[number - 10]), "{shown:?}");
    }

    /// 231 images against 231 x 48 in batches of 128: the paper's 2 against 87 updates an epoch.
    #[test]
    fn matched_arms_make_equal_updates_and_show_every_image_equally_often() {
        let matched = Some(Matched { largest: 48, own: 1 });
        let [plain, small, large] = [(231, None), (231, matched), (231 * 48, None)]
            .map(|(images, matched)| Sampler::new(images, 128, Sampling::Reshuffle, matched, Seed::root(1)));
        assert_eq!([plain, small, large].map(|arm| arm.updates_per_epoch()), [2, 87, 87]);
        let mut counts = [0; 231];
        images(&small, 0..87).into_iter().for_each(|image| counts[image] += 1);
        assert!(counts.iter().all(|count| (48..=49).contains(count)), "{counts:?}");
    }

    #[test]
    fn showings_are_numbered_through() {
        let numbers: Vec<usize> =
            (0..4).flat_map(|update| sampler(Sampling::Reshuffle, None).batch(update)).map(|shown| shown.number).collect();
        assert_eq!(numbers, (0..16).collect::<Vec<_>>());
    }
}
