//! Numbers as columns hold them: whole numbers whose order is that of the values.

use search::{Kind, Range, Scalar};
use serde_json::{Map, Number, Value};

/// How the values of a numeric or boolean field are kept and compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Numeric {
    /// `long`, `integer`, `short`, `byte`: from, to.
    Whole(i64, i64),
    /// `double`.
    Double,
    /// `float`: values are rounded to single precision.
    Single,
    /// `half_float`: values are rounded to half precision.
    Half,
    /// `scaled_float`: values are rounded to whole multiples of 1 / factor.
    Scaled(f64),
    /// `boolean`.
    Boolean,
}

const SIGN: u64 = 1 << 63;

/// The first whole number above those of 64 bits.
const TOO_GREAT: f64 = 9_223_372_036_854_775_808.0;

impl Numeric {
    /// How a field of this kind is kept; `None` if it is neither a number nor a boolean.
    pub(crate) fn of(kind: &Kind, options: &Map<String, Value>) -> Option<Self> {
        Some(match kind {
            Kind::Boolean => Self::Boolean,
            Kind::Integer(name) => match name.as_str() {
                "integer" => Self::Whole(i32::MIN.into(), i32::MAX.into()),
                "short" => Self::Whole(i16::MIN.into(), i16::MAX.into()),
                "byte" => Self::Whole(i8::MIN.into(), i8::MAX.into()),
                _ => Self::Whole(i64::MIN, i64::MAX),
            },
            Kind::Float(name) => match name.as_str() {
                "float" => Self::Single,
                "half_float" => Self::Half,
                "scaled_float" => {
                    let factor = options.get("scaling_factor").and_then(as_number);
                    Self::Scaled(factor.filter(|f| f.is_finite() && *f > 0.0).unwrap_or(1.0))
                }
                _ => Self::Double,
            },
            _ => return None,
        })
    }

    /// A value of a document. `Ok(None)`: it counts as absent.
    ///
    /// # Errors
    /// Why it does not fit.
    pub(crate) fn take(self, value: &Value, coerce: bool) -> Result<Option<u64>, String> {
        match (self, value) {
            (_, Value::Null) => Ok(None),
            (Self::Boolean, Value::Bool(value)) => Ok(Some(of_boolean(*value))),
            (Self::Boolean, Value::String(text)) => match text.as_str() {
                "true" => Ok(Some(of_boolean(true))),
                "false" | "" => Ok(Some(of_boolean(false))),
                _ => Err(format!("Failed to parse value [{text}] as only [true] or [false] are allowed.")),
            },
            (Self::Boolean, _) => {
                Err(format!("Failed to parse value [{value}] as only [true] or [false] are allowed."))
            }
            (_, Value::Number(number)) => self.fit(number, coerce).map(Some),
            (_, Value::String(text)) if coerce => {
                let text = text.trim();
                if text.is_empty() {
                    return Ok(None);
                }
                let number = parse(text).ok_or_else(|| format!("For input string: \"{text}\""))?;
                self.fit(&number, coerce).map(Some)
            }
            _ => Err(format!("[{value}] is not a number")),
        }
    }

    fn fit(self, number: &Number, coerce: bool) -> Result<u64, String> {
        if let Self::Whole(from, to) = self {
            let beyond = || format!("Value [{number}] is out of range");
            let whole = match number.as_i64() {
                Some(whole) => whole,
                None => {
                    let value = number.as_f64().filter(|v| v.is_finite()).ok_or_else(beyond)?;
                    if !coerce && value.fract() != 0.0 {
                        return Err(format!("Value [{number}] has a decimal part"));
                    }
                    if !(-TOO_GREAT..TOO_GREAT).contains(&value) {
                        return Err(beyond());
                    }
                    value.trunc() as i64
                }
            };
            return if (from..=to).contains(&whole) { Ok(of_whole(whole)) } else { Err(beyond()) };
        }
        let value = self.round(number.as_f64().unwrap_or(f64::INFINITY));
        if value.is_finite() { Ok(of_float(value)) } else { Err(format!("Value [{number}] is not finite")) }
    }

    fn round(self, value: f64) -> f64 {
        match self {
            Self::Single => f64::from(value as f32),
            Self::Half => half(value as f32),
            Self::Scaled(factor) => (value * factor + 0.5).floor() / factor,
            _ => value,
        }
    }

    /// What a value that is asked for is in the column. `Ok(None)`: no document can have it.
    ///
    /// # Errors
    /// It is not a value of this kind; the text says why.
    pub(crate) fn asked(self, value: &Scalar) -> Result<Option<u64>, String> {
        let number = match (self, value) {
            (Self::Boolean, Scalar::Boolean(value)) => return Ok(Some(of_boolean(*value))),
            (Self::Boolean, Scalar::Text(text)) => {
                return match text.as_str() {
                    "true" => Ok(Some(of_boolean(true))),
                    "false" | "" => Ok(Some(of_boolean(false))),
                    _ => Err(format!("Can't parse boolean value [{text}], expected [true] or [false]")),
                };
            }
            (Self::Boolean, Scalar::Number(number)) => {
                return Err(format!("Can't parse boolean value [{number}], expected [true] or [false]"));
            }
            (_, Scalar::Boolean(value)) => return Err(format!("For input string: \"{value}\"")),
            (_, Scalar::Text(text)) => {
                parse(text.trim()).ok_or_else(|| format!("For input string: \"{text}\""))?
            }
            (_, Scalar::Number(number)) => number.clone(),
        };
        if let (Self::Whole(..), None) = (self, number.as_i64()) {
            let value = number.as_f64().unwrap_or(f64::INFINITY);
            if value.fract() != 0.0 || !(-TOO_GREAT..TOO_GREAT).contains(&value) {
                return Ok(None);
            }
        }
        Ok(self.fit(&number, true).ok())
    }

    /// The least and the greatest column value within limits; `None` if there is none between them.
    pub(crate) fn limits(self, range: &Range) -> Option<(u64, u64)> {
        if self == Self::Boolean {
            return None;
        }
        let mut low = 0;
        let mut high = u64::MAX;
        for (limit, open) in [(&range.gte, false), (&range.gt, true)] {
            if let Some(limit) = limit {
                low = low.max(self.from(limit, open)?);
            }
        }
        for (limit, open) in [(&range.lte, false), (&range.lt, true)] {
            if let Some(limit) = limit {
                high = high.min(self.to(limit, open)?);
            }
        }
        (low <= high).then_some((low, high))
    }

    fn from(self, limit: &Number, open: bool) -> Option<u64> {
        let exact = match (self, limit.as_i64()) {
            (Self::Whole(..), Some(whole)) => of_whole(whole),
            (Self::Whole(..), None) => {
                let value = limit.as_f64()?;
                if value < -TOO_GREAT {
                    return Some(0);
                }
                let up = value.ceil();
                let bound = (up < TOO_GREAT).then(|| of_whole(up as i64))?;
                return if open && up == value { bound.checked_add(1) } else { Some(bound) };
            }
            _ => of_float(self.bound(limit.as_f64()?)),
        };
        if open { exact.checked_add(1) } else { Some(exact) }
    }

    fn to(self, limit: &Number, open: bool) -> Option<u64> {
        let exact = match (self, limit.as_i64()) {
            (Self::Whole(..), Some(whole)) => of_whole(whole),
            (Self::Whole(..), None) => {
                let value = limit.as_f64()?;
                if value >= TOO_GREAT {
                    return Some(u64::MAX);
                }
                let down = value.floor();
                let bound = (down >= -TOO_GREAT).then(|| of_whole(down as i64))?;
                return if open && down == value { bound.checked_sub(1) } else { Some(bound) };
            }
            _ => of_float(self.bound(limit.as_f64()?)),
        };
        if open { exact.checked_sub(1) } else { Some(exact) }
    }

    /// A limit, as precise as the values.
    fn bound(self, value: f64) -> f64 {
        match self {
            Self::Single | Self::Half => self.round(value),
            _ => value,
        }
    }

    /// The value, as a number to reckon with.
    pub(crate) fn figure(self, column: u64) -> f64 {
        match self {
            Self::Whole(..) => whole(column) as f64,
            Self::Boolean => f64::from(u8::from(column == of_boolean(true))),
            _ => float(column),
        }
    }

    /// The value.
    pub(crate) fn scalar(self, column: u64) -> Scalar {
        match self {
            Self::Whole(..) => Scalar::Number(whole(column).into()),
            Self::Boolean => Scalar::Boolean(column == of_boolean(true)),
            _ => Scalar::Number(Number::from_f64(float(column)).unwrap_or_else(|| 0.into())),
        }
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

/// A number as Java's `BigDecimal` reads it, as far as JSON can write it.
fn parse(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    Number::from_f64(text.parse().ok()?)
}

/// Not 0, so that it is no value's opposite of what is missing in an order.
fn of_boolean(value: bool) -> u64 {
    u64::from(value) + 1
}

fn of_whole(value: i64) -> u64 {
    value as u64 ^ SIGN
}

fn whole(column: u64) -> i64 {
    (column ^ SIGN) as i64
}

fn of_float(value: f64) -> u64 {
    // There is one zero.
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits ^ SIGN } else { !bits }
}

fn float(column: u64) -> f64 {
    f64::from_bits(if column & SIGN == 0 { !column } else { column ^ SIGN })
}

/// Rounds to a number of half precision, ties to even.
fn half(value: f32) -> f64 {
    let size = f64::from(value.abs());
    if size >= 65_520.0 {
        return f64::INFINITY.copysign(value.into());
    }
    let exponent = (((size.to_bits() >> 52) & 0x7ff) as i32 - 1023).max(-14);
    let step = 2f64.powi(exponent - 10);
    ((size / step).round_ties_even() * step).copysign(value.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn number(value: Value) -> Option<Number> {
        match value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn order_is_kept() {
        let floats = [f64::MIN, -1.5, -1e-300, 0.0, 1e-300, 1.0, 1.5, f64::MAX];
        assert!(floats.windows(2).all(|pair| of_float(pair[0]) < of_float(pair[1])));
        assert!(floats.iter().all(|value| float(of_float(*value)) == *value));
        assert_eq!(of_float(-0.0), of_float(0.0));
        let wholes = [i64::MIN, -2, 0, 7, i64::MAX];
        assert!(wholes.windows(2).all(|pair| of_whole(pair[0]) < of_whole(pair[1])));
    }

    #[test]
    fn values_are_coerced_as_elasticsearch_does() {
        let byte = Numeric::Whole(-128, 127);
        assert_eq!(byte.take(&json!("12"), true), Ok(Some(of_whole(12))));
        assert_eq!(byte.take(&json!(5.7), true), Ok(Some(of_whole(5))));
        assert!(byte.take(&json!(5.7), false).is_err());
        assert_eq!(byte.take(&json!(""), true), Ok(None));
        for bad in [json!(128), json!("x"), json!(true), json!("1e400"), json!({})] {
            assert!(byte.take(&bad, true).is_err(), "{bad}");
        }
        assert_eq!(Numeric::Single.take(&json!(0.1), true), Ok(Some(of_float(f64::from(0.1f32)))));
        assert!(Numeric::Single.take(&json!(1e39), true).is_err());
        assert_eq!(Numeric::Half.take(&json!(0.1), true), Ok(Some(of_float(0.099_975_585_937_5))));
        assert!(Numeric::Half.take(&json!(65_520), true).is_err());
        assert_eq!(Numeric::Scaled(100.0).take(&json!(1.2345), true), Ok(Some(of_float(1.23))));
        assert_eq!(Numeric::Boolean.take(&json!(""), true), Ok(Some(of_boolean(false))));
        assert!(Numeric::Boolean.take(&json!(1), true).is_err());
    }

    #[test]
    fn limits_of_whole_numbers_may_have_fractions() {
        let long = Numeric::Whole(i64::MIN, i64::MAX);
        let within = |gte: Value, lt: Value| {
            let range = Range { gte: number(gte), lt: number(lt), ..Range::default() };
            long.limits(&range).map(|(low, high)| (whole(low), whole(high)))
        };
        assert_eq!(within(json!(1.5), json!(3.5)), Some((2, 3)));
        assert_eq!(within(json!(2), json!(3)), Some((2, 2)));
        assert_eq!(within(json!(3), json!(3)), None);
        assert_eq!(within(json!(-1e30), json!(1e30)), Some((i64::MIN, i64::MAX)));
        assert_eq!(within(json!(1e30), Value::Null), None);
        assert_eq!(within(json!(u64::MAX), Value::Null), None);
        assert_eq!(long.limits(&Range { gt: number(json!(i64::MAX)), ..Range::default() }), None);
        assert_eq!(long.asked(&Scalar::Number(Number::from_f64(5.5).unwrap())), Ok(None));
    }
}
