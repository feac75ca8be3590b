import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Curator's InterProcessMutex, with what it writes by default into its claims: see
 * tests/interop/peer.h.
 *
 * <p>CuratorPeer ADDRESS SESSION_TIMEOUT_MS
 */
final class CuratorPeer {
  private static final int LONG_ENOUGH_MS = 30_000;

  private static final class Contender implements PeerProgram.Contender {
    private final CuratorFramework session;
    private final Mutex mutex;

    Contender(String address, int sessionTimeout, String path) throws Exception {
      session =
          CuratorFrameworkFactory.newClient(
              address, sessionTimeout, LONG_ENOUGH_MS, new ExponentialBackoffRetry(100, 5));
      session.start();
      if (!session.blockUntilConnected(LONG_ENOUGH_MS, TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException("no session");
      }
      mutex = new Mutex(session, path);
    }

    @Override
    public String lock() throws Exception {
      mutex.acquire();
      return mutex.claim();
    }

    @Override
    public void unlock() throws Exception {
      mutex.release();
    }

    @Override
    public void close() {
      session.close();
    }
  }

  /** Tells which claim is its own. */
  private static final class Mutex extends InterProcessMutex {
    Mutex(CuratorFramework session, String path) {
      super(session, path);
    }

    String claim() {
      return getLockPath();
    }
  }

  public static void main(String[] arguments) throws Exception {
    int sessionTimeout = Integer.parseInt(arguments[1]);
    PeerProgram.run(path -> new Contender(arguments[0], sessionTimeout, path));
  }
}
