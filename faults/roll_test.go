package faults

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func rolled(t *testing.T, c *scripted, duration time.Duration, others ...Spec) (*Engine, []string) {
	timeline := append([]Spec{{ID: "t1", At: time.Second, Kind: Roll, Target: target(t, "all"), Duration: duration}}, others...)
	e := NewEngine(Plan{Timeline: timeline}, nil, time.Minute, c)
	return e, c.run()
}

func TestRollRestartsOneAfterTheOther(t *testing.T) {
	c := &scripted{stopping: 500 * time.Millisecond, recovery: 2 * time.Second}
	e, log := rolled(t, c, time.Minute)
	require.Equal(t, []string{
		"1s stop broker-1", "2.5s restart broker-1",
		"4.5s stop broker-2", "6s restart broker-2",
		"8s stop broker-3", "9.5s restart broker-3",
	}, log)
	require.Len(t, e.Records(), 1)
	record := e.Records()[0]
	require.Equal(t, Applied, record.Outcome)
	require.Equal(t, [2]time.Duration{time.Second, 11500 * time.Millisecond}, [2]time.Duration{record.Start, record.End})
	require.Equal(t, Restart{"broker-2", 4500 * time.Millisecond, 5 * time.Second, 6 * time.Second, 8 * time.Second}, record.Restarts[1])
	require.Equal(t, "broker-2 4.5s-6s", record.Restarts[1].String())
	end, quiet := e.End()
	require.True(t, quiet)
	require.Equal(t, record.End, end)
}

// The applied timeline names the brokers, and rolls them just so.
func TestRollReplays(t *testing.T) {
	c := &scripted{stopping: 500 * time.Millisecond, recovery: 2 * time.Second}
	e, log := rolled(t, c, 8*time.Second)
	again := &scripted{stopping: 500 * time.Millisecond, recovery: 2 * time.Second}
	replayed := NewEngine(Plan{Timeline: []Spec{e.Records()[0].Spec}}, nil, time.Minute, again)
	require.Equal(t, log, again.run())
	require.Equal(t, e.Records(), replayed.Records())
}

func TestRollStopsWhenItsTimeIsOver(t *testing.T) {
	c := &scripted{stopping: 500 * time.Millisecond, recovery: 2 * time.Second}
	e, log := rolled(t, c, 4*time.Second) // the second is being restarted when it ends
	require.Equal(t, []string{"1s stop broker-1", "2.5s restart broker-1", "4.5s stop broker-2", "6s restart broker-2"}, log)
	record := e.Records()[0]
	require.Equal(t, Reduced, record.Outcome)
	require.Equal(t, "2 of 3 brokers in 4s", record.Reason)
	require.Equal(t, []string{"broker-1", "broker-2"}, record.Names())
	require.Equal(t, 6*time.Second, record.End, "who was stopped is started")
	require.Zero(t, record.Restarts[1].Settled)
}

// A roll takes nobody away while another broker is down, and says so if that
// lasts.
func TestRollWaitsUntilAllAreInSync(t *testing.T) {
	for _, length := range []time.Duration{5 * time.Second, 30 * time.Second} {
		c := &scripted{recovery: time.Second}
		e, log := rolled(t, c, 15*time.Second, Spec{ID: "t2", At: 500 * time.Millisecond, Kind: Kill, Target: target(t, "broker-3"), Duration: length})
		if length == 5*time.Second {
			require.Equal(t, []string{"500ms kill broker-3", "5.5s restart broker-3", "6.5s stop broker-1"}, log[:3])
			require.Equal(t, Applied, e.Records()[1].Outcome)
		} else {
			require.Equal(t, []string{"500ms kill broker-3", "30.5s restart broker-3"}, log)
			require.Equal(t, Skipped, e.Records()[1].Outcome)
			require.Equal(t, "the brokers were not in sync for 15s", e.Records()[1].Reason)
		}
	}
}

// A fault that holds a broker down for longer than the roll brings it back, and
// a random one leaves alone what the roll has not brought back yet.
func TestRollAmongOtherFaults(t *testing.T) {
	c := &scripted{stopping: 2 * time.Second}
	plan := Plan{Random: &Random{Budget: BudgetMinority}, Timeline: []Spec{
		{ID: "t1", At: time.Second, Kind: Roll, Target: target(t, "broker-1"), Duration: 20 * time.Second},
		{ID: "r1", At: 1500 * time.Millisecond, Kind: Kill, Target: target(t, "broker-2"), Duration: time.Second},
		{ID: "t2", At: 3 * time.Second, Kind: PowerLoss, Target: target(t, "broker-1"), Duration: 4 * time.Second},
	}}
	e := NewEngine(plan, nil, time.Minute, c)
	require.Equal(t, []string{"1s stop broker-1", "3s power_loss broker-1 lose_unsynced", "7s restart broker-1"}, c.run())
	require.Equal(t, Skipped, e.Records()[0].Outcome, "one of three is all that may be impaired")
	require.Equal(t, 7*time.Second, e.Records()[2].Restarts[0].Settled)
}

// Two rolls at the same time take turns.
func TestRollsTakeTurns(t *testing.T) {
	c := &scripted{stopping: 500 * time.Millisecond, recovery: time.Second}
	_, log := rolled(t, c, 7*time.Second, Spec{ID: "t2", At: 1200 * time.Millisecond, Kind: Roll, Target: target(t, "broker-3"), Duration: 8 * time.Second})
	require.Equal(t, []string{"1s stop broker-1", "2.5s restart broker-1"}, log[:2])
	for i := 0; i < len(log); i += 2 {
		require.Contains(t, log[i], "stop")
		require.Contains(t, log[i+1], "restart")
	}
	require.Len(t, log, 8)
}
