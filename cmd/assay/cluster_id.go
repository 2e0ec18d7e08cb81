package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// clusterIDFile holds the id that clients see and that each broker's own folder
// repeats, so that folders of two clusters cannot be mixed up.
const clusterIDFile = "cluster.properties"

// readClusterID reads the folder's cluster id, or draws and writes one.
func readClusterID(folder string) (string, error) {
	path := filepath.Join(folder, clusterIDFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return writeClusterID(path)
	}
	if err != nil {
		return "", err
	}
	properties, err := parseProperties(string(content))
	if err != nil || properties["cluster.id"] == "" {
		return "", fmt.Errorf("%s has no cluster.id", path)
	}
	return properties["cluster.id"], nil
}

// writeClusterID makes an id of Kafka's form, 16 random bytes in URL-safe
// base64. The file is there as a whole or not at all.
func writeClusterID(path string) (string, error) {
	id := "-"
	for strings.HasPrefix(id, "-") { // tools would take it for an option
		var random [16]byte
		rand.Read(random[:])
		id = base64.RawURLEncoding.EncodeToString(random[:])
	}
	temporary := path + ".new"
	file, err := os.Create(temporary)
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(file, "version=1\ncluster.id=%s\n", id)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(temporary, path)
	}
	return id, err
}
