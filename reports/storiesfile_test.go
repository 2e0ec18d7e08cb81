package reports

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/faults"
	"assay/scenarios/result"
)

// fill sets everything below a value to something that is not zero, so that
// whatever is not stored is missed.
func fill(v reflect.Value, number *int64) {
	*number++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), number)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[faults.Target]() {
			v.Set(reflect.ValueOf(faults.Target{Kind: faults.Follower, Topic: "orders", Partition: int32(*number)}))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), number)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), number)
		fill(v.Index(1), number)
	case reflect.String:
		v.SetString(fmt.Sprint("word ", *number))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(2)
	case reflect.Uint64, reflect.Uint32:
		v.SetUint(uint64(*number))
	default:
		v.SetInt(*number)
	}
}

// Everything that a story holds comes back, whatever its types may get in future.
func TestStoriesComeBack(t *testing.T) {
	var story result.Story
	number := int64(0)
	fill(reflect.ValueOf(&story).Elem(), &number)
	story.Seed = 0xffffffffffffffff
	for i := range story.Scenes {
		story.Scenes[i].Seed = story.Seed
	}
	back, err := DecodeStories(EncodeStories([]result.Story{story}))
	require.NoError(t, err)
	story.History = nil // a file of its own
	require.Equal(t, []result.Story{story}, back)

	for name, run := range fixtures() {
		first := EncodeStories(run.Stories)
		back, err := DecodeStories(first)
		require.NoError(t, err, name)
		require.Equal(t, first, EncodeStories(back), name)
	}
}

func TestDecodeStoriesRefuses(t *testing.T) {
	for _, content := range []string{"", "{}", "\x28\xb5\x2f\xfd"} {
		_, err := DecodeStories([]byte(content))
		require.ErrorContains(t, err, "stories.json.zst", content)
	}
	strange := faults.Record{Spec: faults.Spec{Direction: 7, Duration: time.Second}}
	_, err := DecodeStories(EncodeStories([]result.Story{{Faults: []faults.Record{strange}}}))
	require.ErrorContains(t, err, "no such direction")
}
