//! Times and durations for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Returns the time of day, as `12:03:41`.
#[must_use]
pub fn clock(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// Returns day and time, as `2026-11-21 12:03:41`.
#[must_use]
pub fn date(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns a duration, as `40ms`, `1.4s`, `12s`, `2m40s` or `3h05m`.
#[must_use]
pub fn span(seconds: f64) -> String {
    if seconds < 0.9995 {
        return format!("{:.0}ms", seconds.max(0.0) * 1000.0);
    }
    if seconds < 9.95 {
        return format!("{seconds:.1}s");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float is cast to the nearest number that fits")]
    let whole = seconds.round() as u64;
    let (minutes, rest) = (whole / 60, whole % 60);
    if minutes == 0 {
        return format!("{rest}s");
    }
    if minutes < 60 { format!("{minutes}m{rest:02}s") } else { format!("{}h{:02}m", minutes / 60, minutes % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (seconds, expect) in [
            (-1.0, "0ms"),
            (0.04, "40ms"),
            (0.9996, "1.0s"),
            (1.44, "1.4s"),
            (9.96, "10s"),
            (59.6, "1m00s"),
            (160.0, "2m40s"),
            (3599.0, "59m59s"),
            (11_130.0, "3h05m"),
            (f64::NAN, "0s"),
        ] {
            assert_eq!(span(seconds), expect, "{seconds}");
        }
    }

    #[test]
    fn times_are_in_the_zone_of_the_reader() {
        let time = "2026-11-21T23:30:05Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!((clock(time, &zone), date(time, &zone)), ("00:30:05".to_owned(), "2026-11-22 00:30:05".to_owned()));
    }
}
