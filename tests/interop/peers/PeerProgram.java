import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** What the clients in Java have in common: does what it reads, as tests/interop/peer.h says. */
final class PeerProgram {
  /** A lock in a session of its own. Used by one thread. */
  interface Contender extends AutoCloseable {
    /** Waits for the lock, and returns the full path of the claim. */
    String lock() throws Exception;

    void unlock() throws Exception;
  }

  interface Client {
    Contender contend(String path) throws Exception;
  }

  private interface Work {
    void run(String number) throws Exception;
  }

  private final Client client;
  private final Map<String, CountDownLatch> unlocks = new HashMap<>(); // main thread only

  private PeerProgram(Client client) {
    this.client = client;
  }

  /** Does what standard input says, until it ends; then the process ends. */
  static void run(Client client) throws IOException {
    PeerProgram program = new PeerProgram(client);
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = input.readLine()) != null; ) {
      program.obey(line.split(" "));
    }
    System.exit(0); // whatever the other threads do
  }

  private void obey(String[] words) {
    String number = words[1];
    switch (words[0]) {
      case "lock":
        CountDownLatch unlock = new CountDownLatch(1);
        unlocks.put(number, unlock);
        start(number, own -> hold(own, words[2], unlock));
        break;
      case "unlock":
        unlocks.remove(number).countDown();
        break;
      case "count":
        start(number, own -> count(own, words[2], Path.of(words[3]), Integer.parseInt(words[4])));
        break;
      default:
        say(number + " failed: what is " + words[0] + "?");
    }
  }

  private static void start(String number, Work work) {
    new Thread(
            () -> {
              try {
                work.run(number);
              } catch (Exception exception) {
                exception.printStackTrace();
                say(number + " failed: " + exception);
              }
            })
        .start();
  }

  private void hold(String number, String path, CountDownLatch unlock) throws Exception {
    try (Contender contender = client.contend(path)) {
      say(number + " granted " + contender.lock());
      unlock.await();
      contender.unlock();
      say(number + " released");
    }
  }

  private void count(String number, String path, Path directory, int times) throws Exception {
    try (Contender contender = client.contend(path)) {
      for (int i = 0; i < times; ++i) {
        addOne(directory, contender.lock());
        contender.unlock();
      }
    }
    say(number + " counted");
  }

  private static void addOne(Path directory, String claim) throws IOException {
    Files.createFile(directory.resolve("held")); // throws if there is one
    Path counter = directory.resolve("counter");
    int count = Integer.parseInt(Files.readString(counter).trim());
    Files.writeString(
        directory.resolve("grants"),
        claim + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    Files.writeString(counter, (count + 1) + "\n");
    Files.delete(directory.resolve("held"));
  }

  private static void say(String line) {
    synchronized (System.out) {
      System.out.println(line);
      System.out.flush();
    }
  }
}
