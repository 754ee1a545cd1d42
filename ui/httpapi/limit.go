package httpapi

import (
	"net/netip"
	"sync"
	"time"
)

// How much one client may ask for. A bucket holds burst requests and fills at rate per second.
const (
	tokenRate, tokenBurst = 20, 60
	itemRate, itemBurst   = 20, 1000 // of one sender: two full batches at once, and what a large fleet reports in the long run
	wrongRate, wrongBurst = 0.2, 10
	intakeAtOnce          = 4    // bodies in memory at once: 4 MiB
	maxBuckets            = 4096 // clients that are remembered
)

// limiter is a token bucket for each of many clients. It forgets those whose bucket is full again, and when there are too many clients all
// the same, new ones share one bucket, so that memory stays bounded.
type limiter struct {
	rate, burst float64

	mu      sync.Mutex
	buckets map[string]bucket
	tidied  time.Time
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, buckets: map[string]bucket{}}
}

// take takes one from the bucket of who; when it is empty it returns how long until there is one.
func (l *limiter) take(who string, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[who]
	if !known && len(l.buckets) >= maxBuckets {
		if l.forget(now); len(l.buckets) >= maxBuckets {
			who = "everybody else"
			b, known = l.buckets[who]
		}
	}
	if !known {
		b = bucket{l.burst, now}
	}
	b = l.filled(b, now)
	if b.left < 1 {
		wait = time.Duration((1 - b.left) / l.rate * float64(time.Second))
	} else {
		b.left--
	}
	l.buckets[who] = b
	return wait
}

func (l *limiter) filled(b bucket, now time.Time) bucket {
	if gone := now.Sub(b.at); gone > 0 {
		b.left = min(l.burst, b.left+gone.Seconds()*l.rate)
	}
	b.at = now
	return b
}

// forget drops the buckets that are full, at most once a second: a crowd must not make it the most expensive thing here.
func (l *limiter) forget(now time.Time) {
	if now.Sub(l.tidied) < time.Second {
		return
	}
	l.tidied = now
	for who, b := range l.buckets {
		if l.filled(b, now).left >= l.burst {
			delete(l.buckets, who)
		}
	}
}

// origin is what counts as one address: an IPv4 address, or the network that one IPv6 customer has.
func origin(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	a := ap.Addr().Unmap().WithZone("")
	if a.Is6() && !a.IsLoopback() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
