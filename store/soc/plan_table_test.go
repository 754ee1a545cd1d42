package soc_test

import (
	"testing"

	"pgregory.net/rapid"

	"cordon/store/soc/soctest"
)

// drawn lets rapid choose, so that a history that breaks a promise is shrunk to a short one.
type drawn struct{ *rapid.T }

func (d drawn) Pick(n int, what string) int { return rapid.IntRange(0, n-1).Draw(d.T, what) }

// TestI1toI11_Model runs histories of people, automation, workers, portal and faults against the independent model.
func TestI1toI11_Model(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if err := soctest.Live(drawn{t}, rapid.IntRange(10, 60).Draw(t, "turns"), false); err != nil {
			t.Fatal(err)
		}
	})
}

// TestI1toI11_ModelSeeds runs the worlds that once broke a promise, and a few hundred others.
func TestI1toI11_ModelSeeds(t *testing.T) {
	worlds := []uint64{175, 1327, 1563, 2176, 2731, 3066, 4492, 5911, 9267, 12010}
	for n := range uint64(200) {
		worlds = append(worlds, n)
	}
	for _, n := range worlds {
		if err := soctest.Live(soctest.Dice(1, n), 120, true); err != nil {
			t.Errorf("world %d %v", n, err)
		}
	}
}

// TestPairs_EveryStateMeetsEveryEvent fills the table of phases and events; the table holds what must come of each.
func TestPairs_EveryStateMeetsEveryEvent(t *testing.T) {
	if table := soctest.Pairs(); !table.Whole() {
		t.Errorf("%+v", table)
	}
}
