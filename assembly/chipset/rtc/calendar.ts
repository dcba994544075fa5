// Days and dates of the proleptic Gregorian calendar, by whole numbers from 1 March (leap days last in their year).

/** Days from 1970-01-01 to a date; month 1-12, day 1-31, any year from 0. */
export function daysFromDate(year: i64, month: i64, day: i64): i64 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400, ofEra = y - era * 400;
  const ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468;
}

/** The date of a day counted from 1970-01-01, packed: year << 16 | month << 8 | day. */
export function dateFromDays(days: i64): i64 {
  const z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, ofEra = z - era * 146097;
  const yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365;
  const ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100), shifted = (5 * ofYear + 2) / 153;
  const month = shifted < 10 ? shifted + 3 : shifted - 9, day = ofYear - (153 * shifted + 2) / 5 + 1;
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0)) << 16 | month << 8 | day;
}
