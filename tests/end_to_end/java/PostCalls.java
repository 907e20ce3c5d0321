import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** Posts bodies with HttpClient as it comes, which asks for HTTP/2 with an Upgrade; prints each answer in a line. */
class PostCalls {
    public static void main(String[] words) throws Exception {
        var client = HttpClient.newHttpClient();
        var calls = URI.create(words[0] + "/v1/calls");
        for (int number = 0; number < 3; number++) {
            String call = "{\"id\":\"java-" + number + "\",\"time\":\"" + words[2] + "\"}";
            print(client.send(post(calls, words[1], BodyPublishers.ofString(call)), BodyHandlers.ofString()));
        }
        byte[] large = "{\"id\":\"java-large\",\"time\":\"%s\",\"path\":\"/%s\"}\n"
            .formatted(words[2], "x".repeat(5_000)).repeat(200).getBytes();
        print(client.send(post(calls, words[1], BodyPublishers.ofByteArray(large)), BodyHandlers.ofString()));
        BodyPublisher chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large));
        print(client.send(post(calls, words[1], chunked), BodyHandlers.ofString()));
        var head = HttpRequest.newBuilder(URI.create(words[0] + "/healthz"))
            .method("HEAD", BodyPublishers.noBody()).build();
        print(client.send(head, BodyHandlers.ofString()));
        print(client.send(HttpRequest.newBuilder(head.uri()).build(), BodyHandlers.ofString()));
    }

    private static HttpRequest post(URI calls, String token, BodyPublisher body) {
        return HttpRequest.newBuilder(calls).header("Authorization", "Bearer " + token).POST(body).build();
    }

    private static void print(HttpResponse<String> answer) {
        System.out.println(answer.statusCode() + " " + answer.body());
    }
}
