import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;

/**
 * Enqueues loan promises in a program's own transaction, with JDBC.
 *
 * <pre>
 * JDBC_DATABASE_URL='jdbc:postgresql://...' java -cp postgresql.jar examples/enqueue/Enqueue.java
 * </pre>
 *
 * It checks what it shows, on an outbox whose rows may stay: nothing is sent before a delivery runs.
 */
public final class Enqueue {
    /** In the transaction that the connection is in. */
    static long enqueue(Connection connection, String customerId, String contactId, String loanPromise, String reference)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT vitec_connect_enqueue_loan_promise(?, ?, ?::jsonb, ?)")) {
            statement.setString(1, customerId);
            statement.setString(2, contactId);
            statement.setString(3, loanPromise);
            statement.setString(4, reference);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    static String state(Connection connection, long row) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT state FROM vitec_connect_promises WHERE row = ?")) {
            statement.setLong(1, row);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getString(1) : null;
            }
        }
    }

    static void check(boolean isTrue) {
        if (!isTrue) {
            throw new AssertionError();
        }
    }

    public static void main(String[] arguments) throws SQLException {
        String decision = "decision " + UUID.randomUUID();
        String promise = "{\"bank\": \"SBAB\", \"validUntil\": \"2099-01-31\", \"estateType\": \"Apartment\"}";
        try (Connection connection = DriverManager.getConnection(System.getenv("JDBC_DATABASE_URL"))) {
            connection.setAutoCommit(false);

            // What is rolled back is never sent.
            long row = enqueue(connection, "M30011", "4711", promise, decision);
            connection.rollback();
            check(state(connection, row) == null);

            // What is committed is sent by the next delivery.
            row = enqueue(connection, "M30011", "4711", promise, decision);
            connection.commit();
            check("pending".equals(state(connection, row)));

            // Again after a lost connection: the same row.
            check(enqueue(connection, "M30011", "4711", promise, decision) == row);
            connection.commit();

            try {
                enqueue(connection, "M30011", "4711", "{\"bank\": \"Other\"}", decision);
                check(false);
            } catch (SQLException error) {
                check("23505".equals(error.getSQLState()));
                System.out.println(error.getMessage());
                connection.rollback();
            }
            System.out.println("row " + row + " is to be sent");
        }
    }
}
