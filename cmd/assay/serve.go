package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"assay/broker"
	"assay/broker/controller"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/kafkaconfig"
	"assay/live"
)

// serveOptions are the flags of assay serve.
type serveOptions struct {
	listen     string
	brokers    int
	firstID    int32
	join       string
	data       string
	advertise  string
	set        []string
	properties string
	insecure   bool
}

func serveCommand(s streams) *cobra.Command {
	var o serveOptions
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run the broker on a socket, for any Kafka client",
		Long: `Runs the broker that the simulator runs, on TCP and real files, with one
controller in the same program. Clients may connect as soon as its line is
printed; an interrupt ends it, in good order, so that the next start is quick.
What was acknowledged survives a kill of the process too, as it does in Kafka.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c.Context(), s, o)
		},
	}
	f := command.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:9092", "HOST:PORT of the first broker; further ones take the next ports; port 0 takes a free one")
	f.IntVar(&o.brokers, "brokers", 1, "how many brokers to run")
	f.Int32Var(&o.firstID, "id", 1, "the first broker's id")
	f.StringVar(&o.join, "join", "", "HOST:PORT,... of a cluster to join (not built yet)")
	f.StringVar(&o.data, "data", "", "folder of the logs (default: a temporary one, removed at the end)")
	f.StringVar(&o.advertise, "advertise", "", "HOST:PORT that clients are told to connect to (default: where it listens)")
	f.StringArrayVar(&o.set, "set", nil, "KEY=VALUE: set a Kafka broker key")
	f.StringVar(&o.properties, "config", "", "take Kafka broker keys from this server.properties")
	f.BoolVar(&o.insecure, "insecure", false, "allow to listen beyond this machine, without authentication or encryption")
	return command
}

// serve runs brokers until the context ends or one of them fails.
func serve(ctx context.Context, s streams, o serveOptions) error {
	switch {
	case o.join != "":
		return exit(exitUsage, "--join is not built yet: all brokers of a cluster run in one assay serve, see --brokers")
	case o.brokers < 1 || o.brokers > maxServedBrokers:
		return exit(exitUsage, "--brokers takes 1 to %d, not %d", maxServedBrokers, o.brokers)
	case o.firstID < 0 || int64(o.firstID)+int64(o.brokers) > 1<<31-1:
		return exit(exitUsage, "--id %d: broker ids are 0 to 2147483647", o.firstID)
	}
	settings, err := o.settings(s)
	if err != nil {
		return err
	}
	places, err := o.places()
	if err != nil {
		return err
	}
	if err := listen(places); err != nil {
		return err
	}
	folder, err := openDataFolder(s, o.data)
	if err != nil {
		closeAll(places)
		return err
	}
	defer folder.close()
	return runCluster(ctx, s, cluster{folder, settings, o.firstID, places})
}

const maxServedBrokers = 100

// settings are the broker keys of --config and --set, the latter stronger.
func (o *serveOptions) settings(s streams) (kafkaconfig.Settings, error) {
	given, err := o.fileSettings(s)
	if err != nil {
		return kafkaconfig.Settings{}, err
	}
	for _, assignment := range o.set {
		key, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return kafkaconfig.Settings{}, exit(exitUsage, "--set %s: write KEY=VALUE", assignment)
		}
		given[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	if _, ok := given["node.id"]; ok {
		return kafkaconfig.Settings{}, exit(exitUsage, "node.id is given by --id")
	}
	// The first who asks for a coordinator makes the offsets topic, perhaps before
	// all brokers are there: it waits for as many as it will have.
	const offsetsReplicas = "offsets.topic.replication.factor"
	if _, ok := given[offsetsReplicas]; !ok {
		given[offsetsReplicas] = strconv.Itoa(max(1, min(3, o.brokers)))
	}
	settings, problems := kafkaconfig.Resolve(kafkaconfig.Broker, given)
	if len(problems) == 0 {
		settings, _, problems = kafkaconfig.Reconcile(settings)
	}
	if len(problems) > 0 {
		var lines []string
		for _, p := range problems {
			lines = append(lines, p.Message)
		}
		return settings, exit(exitUsage, "%s", strings.Join(lines, "\n       "))
	}
	return settings, nil
}

// fileSettings reads --config. What Kafka knows and Assay does not act on is
// told and left out: files written for Kafka are full of it.
func (o *serveOptions) fileSettings(s streams) (map[string]string, error) {
	if o.properties == "" {
		return map[string]string{}, nil
	}
	content, err := os.ReadFile(o.properties)
	if err != nil {
		return nil, exit(exitUsage, "--config: %w", err)
	}
	given, err := parseProperties(string(content))
	if err != nil {
		return nil, exit(exitUsage, "--config %s: %w", o.properties, err)
	}
	if _, problems := kafkaconfig.Resolve(kafkaconfig.Broker, given); len(problems) > 0 {
		for _, p := range problems {
			if p.Reason == kafkaconfig.NotModelled {
				fmt.Fprintf(s.err, "warning: %s: %s has no effect here\n", o.properties, p.Key)
				delete(given, p.Key)
			}
		}
	}
	if _, ok := given["node.id"]; ok {
		fmt.Fprintf(s.err, "warning: %s: node.id has no effect here, --id gives it\n", o.properties)
		delete(given, "node.id")
	}
	return given, nil
}

// place is where one broker is reached.
type place struct {
	listen     string
	socket     net.Listener
	advertised string // host
	port       int32  // advertised; 0 is the socket's
}

// places says where each broker listens and what clients are told.
func (o *serveOptions) places() ([]*place, error) {
	name, port, err := splitAddress("--listen", o.listen)
	if err != nil {
		return nil, err
	}
	if !o.insecure && !isLoopback(name) {
		return nil, exit(exitUsage, "--listen %s is reachable from other machines, and nothing here asks who they are or hides what they send; add --insecure if that is what you want", o.listen)
	}
	advertised, advertisedPort := name, int32(0)
	if o.advertise != "" {
		if advertised, advertisedPort, err = splitAddress("--advertise", o.advertise); err != nil {
			return nil, err
		}
	}
	if isUnspecified(advertised) {
		return nil, exit(exitUsage, "clients cannot connect to %q: say with --advertise HOST:PORT what address to tell them", advertised)
	}
	var places []*place
	for i := range int32(o.brokers) {
		p := &place{advertised: advertised, listen: net.JoinHostPort(name, strconv.Itoa(int(port)))}
		if port != 0 {
			p.listen = net.JoinHostPort(name, strconv.Itoa(int(port+i)))
		}
		if advertisedPort != 0 {
			p.port = advertisedPort + i
		}
		places = append(places, p)
	}
	return places, nil
}

func splitAddress(flag, address string) (name string, port int32, err error) {
	name, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, exit(exitUsage, "%s %s: write HOST:PORT", flag, address)
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || flag == "--advertise" && number == 0 {
		return "", 0, exit(exitUsage, "%s %s: %s is no port", flag, address, text)
	}
	return name, int32(number), nil
}

func isLoopback(name string) bool {
	if name == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.IsLoopback()
}

func isUnspecified(name string) bool {
	address, err := netip.ParseAddr(name)
	return name == "" || err == nil && address.IsUnspecified()
}

// listen binds all sockets, so that a taken port is known before anything runs.
func listen(places []*place) error {
	for _, p := range places {
		var err error
		if p.socket, err = net.Listen("tcp", p.listen); err != nil {
			closeAll(places)
			if errors.Is(err, syscall.EADDRINUSE) {
				return exit(exitUnavailable, "%s is in use by another program: choose another with --listen, or port 0 for a free one", p.listen)
			}
			return exit(exitUnavailable, "cannot listen: %w", err)
		}
		if p.port == 0 {
			p.port = int32(p.socket.Addr().(*net.TCPAddr).Port)
		}
	}
	return nil
}

func closeAll(places []*place) {
	for _, p := range places {
		if p.socket != nil {
			p.socket.Close()
		}
	}
}

// cluster is what assay serve runs: one controller and some brokers.
type cluster struct {
	folder   *dataFolder
	settings kafkaconfig.Settings
	firstID  int32
	places   []*place
}

// controllerAddress has no socket: only brokers of the same program reach it.
const controllerAddress host.Addr = "controller-1:9093"

// runCluster starts all processes, says when each broker serves, and waits for
// the end.
func runCluster(ctx context.Context, s streams, c cluster) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	pipes := live.NewPipes()
	controllerProcess, err := c.startController(pipes)
	if err != nil {
		closeAll(c.places)
		return err
	}
	processes := map[string]*live.Process{"controller 1": controllerProcess}
	ready := make(chan string, len(c.places))
	for i, p := range c.places {
		id := c.firstID + int32(i)
		process, err := c.startBroker(pipes, id, p, ready)
		if err != nil {
			end(err)
			closeAll(c.places[i:])
			break
		}
		processes[fmt.Sprintf("broker %d", id)] = process
	}
	for _, name := range slices.Sorted(maps.Keys(processes)) {
		process := processes[name]
		go func() {
			<-process.Done()
			end(exit(exitUnavailable, "%s stopped: %w", name, process.Err()))
		}()
	}
	for ctx.Err() == nil {
		select {
		case line := <-ready:
			fmt.Fprintln(s.out, line)
		case <-ctx.Done():
		}
	}
	cause := context.Cause(ctx)
	c.stop(processes)
	var failed *exitError
	if errors.As(cause, &failed) {
		return failed
	}
	return nil // an interrupt is how a server ends
}

// stopPatience is how long brokers may take to hand over, sync their logs and
// leave. What is cut off then is recovered at the next start, as after a kill.
const stopPatience = 10 * time.Second

// stop ends all processes, the controllers last: brokers need them to leave.
// Data that is thrown away needs no order.
func (c *cluster) stop(processes map[string]*live.Process) {
	patience := stopPatience
	if c.folder.temporary {
		patience = 0
	}
	for _, kind := range []string{"broker ", "controller "} {
		var stopping sync.WaitGroup
		for name, process := range processes {
			if strings.HasPrefix(name, kind) {
				stopping.Go(func() { process.Shutdown(patience) })
			}
		}
		stopping.Wait()
	}
}

func (c *cluster) startController(pipes *live.Pipes) (*live.Process, error) {
	directory, err := c.folder.subfolder("controller-1")
	if err != nil {
		return nil, err
	}
	node := controller.New(controller.Config{
		ID: 1, Voters: map[controller.VoterID]host.Addr{1: controllerAddress}, ClusterID: c.folder.clusterID,
		Settings: controller.SettingsOf(c.settings), ValidateTopicConfig: broker.ValidateTopicConfig(c.settings),
	})
	return live.Start(live.Config{Name: "controller-1", Listeners: []live.Listener{{Addr: controllerAddress}},
		Dir: directory, Pipes: pipes}, node), nil
}

// startBroker starts a broker that says on ready when clients may connect.
func (c *cluster) startBroker(pipes *live.Pipes, id int32, p *place, ready chan<- string) (*live.Process, error) {
	directory, err := c.folder.subfolder(fmt.Sprintf("broker-%d", id))
	if err != nil {
		return nil, err
	}
	node := broker.New(broker.Config{
		ID: kafka.BrokerID(id), ClusterID: c.folder.clusterID, Host: p.advertised, Port: p.port,
		Rack: c.settings.String("broker.rack"), Controllers: []broker.Controller{{ID: 1, Addr: controllerAddress}},
		Settings: c.settings,
	})
	advertised := net.JoinHostPort(p.advertised, strconv.Itoa(int(p.port)))
	said := false
	return live.Start(live.Config{
		Name:      fmt.Sprintf("broker-%d", id),
		Listeners: []live.Listener{{Addr: host.Addr(advertised), Socket: p.socket}},
		Dir:       directory, Pipes: pipes,
		MaxFrame:    c.settings.Int("socket.request.max.bytes"),
		IdleTimeout: max(0, time.Duration(c.settings.Long("connections.max.idle.ms"))*time.Millisecond),
		Observe: func(e host.Event) {
			if e.Point == broker.PointUnfenced && !said {
				said = true
				ready <- fmt.Sprintf("broker %d ready on %s", id, p.socket.Addr())
			}
		},
	}, node), nil
}

// dataFolder is the folder of a cluster's data, locked for this program.
type dataFolder struct {
	path      string
	temporary bool
	lock      *live.FolderLock
	clusterID string
}

// openDataFolder opens, or makes, and locks the folder.
func openDataFolder(s streams, path string) (*dataFolder, error) {
	d := &dataFolder{path: path, temporary: path == ""}
	if d.temporary {
		made, err := os.MkdirTemp("", "assay-serve-")
		if err != nil {
			return nil, exit(exitUnavailable, "no temporary folder: %w", err)
		}
		d.path = made
		fmt.Fprintf(s.err, "data goes to %s and is removed at the end; --data DIR keeps it\n", made)
	} else if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, exit(exitUnavailable, "--data: %w", err)
	}
	var err error
	if d.lock, err = live.LockFolder(d.path); err != nil {
		if errors.Is(err, live.ErrLocked) {
			return nil, exit(exitUnavailable, "--data %s is in use by another assay serve", d.path)
		}
		return nil, exit(exitUnavailable, "--data: %w", err)
	}
	if d.clusterID, err = readClusterID(d.path); err != nil {
		d.close()
		return nil, exit(exitUnavailable, "--data: %w", err)
	}
	return d, nil
}

func (d *dataFolder) subfolder(name string) (string, error) {
	path := filepath.Join(d.path, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", exit(exitUnavailable, "--data: %w", err)
	}
	return path, nil
}

func (d *dataFolder) close() {
	d.lock.Release()
	if d.temporary {
		os.RemoveAll(d.path)
	}
}
