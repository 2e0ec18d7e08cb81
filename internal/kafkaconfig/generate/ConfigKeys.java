import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.ConfigSynonym;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Writes the table of Kafka's configuration keys that package kafkaconfig embeds.
 * Only facts are taken (names, types, defaults, ranges): Kafka's own descriptions stay out.
 * Usage: java -cp "JARS/*" ConfigKeys.java OUTPUT
 */
public final class ConfigKeys {
    private static final Pattern RANGE = Pattern.compile("\\[([^,\\[]+)?,?\\.\\.\\.(?:,([^\\]]+))?\\](?: or (-?\\d+))?");
    private static final Pattern WORDS = Pattern.compile("(?:\\(case insensitive\\) )?\\[([A-Za-z0-9_.:-]+(?:, [A-Za-z0-9_.:-]+)*)\\]");

    public static void main(String[] args) throws Exception {
        Map<String, ConfigDef> kinds = new LinkedHashMap<>();
        kinds.put("broker", AbstractKafkaConfig.CONFIG_DEF);
        kinds.put("topic", LogConfig.configDefCopy());
        kinds.put("producer", ProducerConfig.configDef());
        kinds.put("consumer", ConsumerConfig.configDef());

        List<String> lines = new ArrayList<>();
        lines.add("# Configuration keys of Apache Kafka " + AppInfoParser.getVersion()
            + ", written by generate/ConfigKeys.java; do not edit.");
        lines.add("# kind\tname\ttype\tdefault\timportance\tvisibility\trule\tsupplied_by");
        kinds.forEach((kind, definition) ->
            new TreeMap<>(definition.configKeys()).values().forEach(key -> lines.add(line(kind, key))));
        // All lines exist before the file is touched: a failure must not leave half a table.
        try (PrintStream out = new PrintStream(args[0], StandardCharsets.UTF_8)) {
            lines.forEach(line -> out.print(line + "\n"));
        }
    }

    private static String line(String kind, ConfigDef.ConfigKey key) {
        return String.join("\t", kind, key.name, key.type.name(), defaultOf(key), key.importance.name(),
            key.internalConfig ? "internal" : "public", rule(key), kind.equals("topic") ? suppliedBy(key.name) : "");
    }

    /** "none" when the key must be given, "null" for no value, "=TEXT" for a value. */
    private static String defaultOf(ConfigDef.ConfigKey key) {
        if (!key.hasDefault()) return "none";
        if (key.defaultValue == null) return "null";
        // A list of classes prints each as "class NAME"; a user writes the name alone.
        String text = ConfigDef.convertToString(key.defaultValue, key.type).replace("class ", "");
        if (key.name.equals("listener.security.protocol.map")) {
            // Kafka builds this text from a hash map, whose order differs from run to run.
            text = Arrays.stream(text.split(",")).sorted().collect(Collectors.joining(","));
        }
        return "=" + text;
    }

    /**
     * The validator in a form of our own: min=, max=, in=, anycase, nonempty, distinct, other, joined by ";".
     * Read from the validator's text, and by asking it about values where the text is silent.
     */
    private static String rule(ConfigDef.ConfigKey key) {
        if (key.validator == null) return "";
        String text = key.validator.toString();
        List<String> parts = new ArrayList<>();
        Matcher range = RANGE.matcher(text);
        Matcher words = WORDS.matcher(text);
        if (range.matches()) {
            if (range.group(1) != null) parts.add("min=" + range.group(1));
            if (range.group(2) != null) parts.add("max=" + range.group(2));
            if (range.group(3) != null) parts.add("in=" + range.group(3));
        } else if (words.matches()) {
            String[] allowed = words.group(1).split(", ");
            boolean anyCase = key.type == ConfigDef.Type.STRING && accepts(key, swapCase(allowed[0]));
            // Where case does not matter Kafka keeps a hash set, whose order means nothing.
            if (anyCase) Arrays.sort(allowed);
            parts.add("in=" + String.join(",", allowed));
            if (anyCase) parts.add("anycase");
        } else if (!text.isEmpty() && !text.equals("non-empty string") && !text.equals("non-null string")) {
            parts.add("other");
        }
        if (key.type == ConfigDef.Type.LIST) {
            if (!accepts(key, List.of())) parts.add("nonempty");
            if (key.validator instanceof ConfigDef.ValidList) parts.add("distinct");
        } else if (key.type == ConfigDef.Type.STRING && !words.matches() && !accepts(key, "")) {
            parts.add("nonempty");
        }
        return String.join(";", parts);
    }

    private static boolean accepts(ConfigDef.ConfigKey key, Object value) {
        try {
            key.validator.ensureValid(key.name, value);
            return true;
        } catch (RuntimeException refused) {
            return false;
        }
    }

    private static String swapCase(String word) {
        return word.chars().map(c -> Character.isUpperCase(c) ? Character.toLowerCase(c) : Character.toUpperCase(c))
            .mapToObj(Character::toString).collect(Collectors.joining());
    }

    /** The broker keys that give a topic key its default, first one set wins, as NAME or NAME*FACTOR. */
    private static String suppliedBy(String topicKey) {
        List<ConfigSynonym> synonyms = ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.getOrDefault(topicKey, List.of());
        return synonyms.stream().map(synonym -> synonym.name() + factor(synonym.converter())).collect(Collectors.joining(","));
    }

    private static String factor(Function<String, String> converter) {
        String one = converter.apply("1");
        return one.equals("1") ? "" : "*" + one;
    }
}
