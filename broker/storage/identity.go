package storage

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/internal/kafka"
)

const identityFile = "meta.properties"

// loadIdentity reads meta.properties or, in a new directory and where a power
// loss tore it at its first start, writes it.
func (d *LogDir) loadIdentity() error {
	content, err := readFile(d.fs, d.dir+"/"+identityFile)
	if err != nil {
		return err
	}
	found, ok := decodeIdentity(string(content))
	if !ok {
		return d.writeIdentity()
	}
	asked := d.options.Identity
	if found.NodeID != asked.NodeID || found.ClusterID != asked.ClusterID {
		return fmt.Errorf("it belongs to node %d of cluster %q, not to node %d of cluster %q: %w",
			found.NodeID, found.ClusterID, asked.NodeID, asked.ClusterID, kerr.InconsistentClusterID)
	}
	d.identity = found
	return nil
}

func (d *LogDir) writeIdentity() error {
	d.identity = d.options.Identity
	content := fmt.Sprintf("version=1\nnode.id=%d\ncluster.id=%s\ndirectory.id=%s\n",
		d.identity.NodeID, d.identity.ClusterID, d.identity.DirectoryID)
	if err := replaceFile(d.fs, d.dir, identityFile, []byte(content)); err != nil {
		return err
	}
	file, err := d.fs.Open(d.dir + "/" + identityFile)
	if err != nil {
		return err
	}
	d.submitted(file.Sync(), nil)
	d.submitted(d.fs.SyncDir(d.dir), nil)
	return file.Close()
}

// decodeIdentity is false for a file that is not whole.
func decodeIdentity(content string) (Identity, bool) {
	body, whole := strings.CutSuffix(content, "\n")
	lines := strings.Split(body, "\n")
	if !whole || len(lines) != 4 || lines[0] != "version=1" {
		return Identity{}, false
	}
	node, ok1 := strings.CutPrefix(lines[1], "node.id=")
	cluster, ok2 := strings.CutPrefix(lines[2], "cluster.id=")
	directory, ok3 := strings.CutPrefix(lines[3], "directory.id=")
	id, err := strconv.ParseInt(node, 10, 32)
	return Identity{kafka.BrokerID(id), cluster, directory}, ok1 && ok2 && ok3 && err == nil
}
