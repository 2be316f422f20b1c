//! Counting what each address has at once.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::limits::Limits;

/// The seats of one server.
#[derive(Debug)]
pub(super) struct Seats {
    total: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Everybody together has all of them.
    House,
    /// This address has its share.
    Address,
}

impl Full {
    /// Status and text of the answer (RFC 6585 §4 for one address, RFC 9110 §15.6.4 for all).
    pub(super) fn answer(self) -> (u16, &'static str) {
        match self {
            Self::Address => (429, "this address has too many connections\n"),
            Self::House => (503, "there are too many connections\n"),
        }
    }
}

/// A taken seat, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: Option<IpAddr>,
}

impl Seats {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Self::of(limits.connections, limits.per_address)
    }

    /// This many, and this many of them for one address.
    pub(super) fn of(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self { total, per_address, taken: Mutex::default() })
    }

    /// A seat for `address`; without one it counts for the whole house only.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Seat, Full> {
        let address = address.map(counted);
        let mut taken = self.lock();
        if taken.total >= self.total {
            return Err(Full::House);
        }
        if let Some(address) = address {
            let its = taken.by_address.entry(address).or_default();
            if *its >= self.per_address {
                return Err(Full::Address);
            }
            *its += 1;
        }
        taken.total += 1;
        drop(taken);
        Ok(Seat { seats: self.clone(), address })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.total = taken.total.saturating_sub(1);
        if let Some(address) = self.address
            && let Some(its) = taken.by_address.get_mut(&address)
        {
            *its = its.saturating_sub(1);
            if *its == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// The address that counts: of IPv6 its first half, because one subscriber has all of the second.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(connections: usize, per_address: usize) -> Arc<Seats> {
        Seats::new(&Limits { connections, per_address, ..Limits::of_front() })
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_address_has_its_share_and_others_still_find_a_seat() {
        let seats = seats(5, 2);
        let first: Vec<Seat> = (0..2).map(|_| seats.take(address("10.0.0.1")).unwrap()).collect();
        assert_eq!(seats.take(address("10.0.0.1")).unwrap_err(), Full::Address);
        assert_eq!(seats.take(address("::ffff:10.0.0.1")).unwrap_err(), Full::Address);
        let _second = seats.take(address("10.0.0.2")).unwrap();
        drop(first);
        assert!(seats.take(address("10.0.0.1")).is_ok());
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_address() {
        let seats = seats(5, 1);
        let _first = seats.take(address("2001:db8:0:1::1")).unwrap();
        assert_eq!(seats.take(address("2001:db8:0:1:ffff::2")).unwrap_err(), Full::Address);
        assert!(seats.take(address("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn the_house_is_full_for_everybody_until_somebody_leaves() {
        let seats = seats(2, 2);
        let _first = seats.take(None).unwrap();
        let second = seats.take(None).unwrap();
        assert_eq!(seats.take(address("10.0.0.1")).unwrap_err(), Full::House);
        drop(second);
        let third = seats.take(address("10.0.0.1")).unwrap();
        drop(third);
        assert!(seats.lock().by_address.is_empty());
    }
}
