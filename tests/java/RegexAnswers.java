import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Answers lines of a pattern and a text, both as UTF-16 in hexadecimal: whether all of it matches, and what is found. */
public class RegexAnswers {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder answers = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", -1);
            answers.append(answer(text(parts[0]), text(parts[1]))).append('\n');
        }
        System.out.print(answers);
    }

    static String text(String digits) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < digits.length(); at += 4) {
            text.append((char) Integer.parseInt(digits.substring(at, at + 4), 16));
        }
        return text.toString();
    }

    static String answer(String pattern, String text) {
        try {
            Pattern compiled = Pattern.compile(pattern);
            StringBuilder answer = new StringBuilder(compiled.matcher(new Budgeted(text)).matches() ? "1" : "0");
            Matcher matcher = compiled.matcher(new Budgeted(text));
            while (matcher.find()) {
                answer.append('\t');
                for (int group = 0; group <= matcher.groupCount(); group++) {
                    answer.append(matcher.start(group)).append(',').append(matcher.end(group)).append(' ');
                }
            }
            return answer.toString();
        } catch (PatternSyntaxException malformed) {
            return "malformed";
        } catch (StackOverflowError | IllegalStateException | IndexOutOfBoundsException | NullPointerException none) {
            return "none";
        }
    }

    /** A text that is read only so often, as Java's matching may take exponential time. */
    record Budgeted(String text, int[] reads) implements CharSequence {
        Budgeted(String text) {
            this(text, new int[1]);
        }

        public char charAt(int index) {
            if (++reads[0] > 200_000) {
                throw new IllegalStateException();
            }
            return text.charAt(index);
        }

        public int length() {
            return text.length();
        }

        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        public String toString() {
            return text;
        }
    }
}
