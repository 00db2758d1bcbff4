import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/** Answers every request with how Tomcat mapped it: servlet, context path, servlet path, path info. */
public class PathServer {
    static final class Mapped extends HttpServlet {
        private final String name;

        Mapped(String name) {
            this.name = name;
        }

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            String info = request.getPathInfo() == null ? "" : request.getPathInfo();
            String text = String.join("\u0000", name, request.getContextPath(), request.getServletPath(), info);
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            response.setContentLength(body.length);
            response.getOutputStream().write(body);
        }
    }

    public static void main(String[] args) throws Exception {
        java.util.logging.LogManager.getLogManager().reset();
        File home = new File(args[0]);
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(home.getPath());
        Connector connector = new Connector("HTTP/1.1");
        connector.setPort(0);
        connector.setProperty("address", "127.0.0.1");
        connector.setProperty("maxKeepAliveRequests", "-1");
        // Atlassian's server.xml relaxes some of these; all of them, so that every accepted path is mapped.
        connector.setProperty("relaxedPathChars", "\"<>[]^`{|}");
        tomcat.setConnector(connector);
        for (String path : new String[] {"", "/jira"}) {
            Context context = tomcat.addContext(path, home.getPath());
            context.setMapperContextRootRedirectEnabled(false);
            Tomcat.addServlet(context, "rest", new Mapped("rest"));
            Tomcat.addServlet(context, "other", new Mapped("other"));
            context.addServletMappingDecoded("/rest/*", "rest");
            context.addServletMappingDecoded("/", "other");
        }
        tomcat.start();
        System.out.println(connector.getLocalPort());
        // Ends with the test that started it.
        while (System.in.read() >= 0) {
        }
        System.exit(0);
    }
}
