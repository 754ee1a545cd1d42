package sim

import "time"

// tick counts 100 nanoseconds since 1970: the resolution of the service, and
// half the size of a time.Time for a million rows.
type tick int64

const ticksPerSecond = 10_000_000

func tickOf(t time.Time) tick {
	return tick(t.Unix()*ticksPerSecond + int64(t.Nanosecond())/100)
}

func (t tick) time() time.Time {
	sec := int64(t) / ticksPerSecond
	rest := int64(t) % ticksPerSecond
	return time.Unix(sec, rest*100).UTC()
}

// round shortens t to a precision of digits fractional digits.
func (t tick) round(digits int) tick {
	unit := tick(1)
	for range 7 - digits {
		unit *= 10
	}
	return t - t%unit
}

// appendTick writes RFC 3339 in UTC with 0 to 7 fractional digits and no
// trailing zeros, as the service does. Years outside 1..9999 do not occur.
func appendTick(b []byte, t tick) []byte {
	sec, frac := int64(t)/ticksPerSecond, int64(t)%ticksPerSecond
	if frac < 0 {
		sec, frac = sec-1, frac+ticksPerSecond
	}
	year, month, day, inDay := civil(sec)
	b = two(two(b, year/100), year%100)
	b = two(append(b, '-'), month)
	b = two(append(b, '-'), day)
	b = two(append(b, 'T'), inDay/3600)
	b = two(append(b, ':'), inDay/60%60)
	b = two(append(b, ':'), inDay%60)
	if frac > 0 {
		b = append(b, '.')
		for rest := int(frac); rest > 0; rest = rest % 1_000_000 * 10 {
			b = append(b, byte('0'+rest/1_000_000))
		}
	}
	return append(b, 'Z')
}

func two(b []byte, v int) []byte { return append(b, byte('0'+v/10), byte('0'+v%10)) }

// civil splits Unix seconds into a Gregorian date and the second of the day.
// Lists of ten thousand alerts carry a quarter of a million times, so this is
// worth the arithmetic.
func civil(sec int64) (year, month, day, inDay int) {
	days := sec / 86400
	rest := sec % 86400
	if rest < 0 {
		days, rest = days-1, rest+86400
	}
	z := days + 719468 // days since 0000-03-01
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp + 3)
	if month > 12 {
		month -= 12
	}
	year = int(yoe + era*400)
	if month <= 2 {
		year++
	}
	return year, month, day, int(rest)
}
