// Asks Genesys's SDK for Go what standard input says, and prints what it handed out.
package main

import (
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/mypurecloud/platform-client-sdk-go/v150/platformclientv2"
)

type task struct {
	Visit struct {
		BaseURL      string `json:"base_url"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Token        string `json:"token"`
	} `json:"visit"`
	Questions []question `json:"questions"`
}

// question names an operation as the SDK does, with its parameters.
type question struct {
	Operation   string          `json:"operation"`
	Body        json.RawMessage `json:"body"`
	ClientID    string          `json:"client_id"`
	ExecutionID string          `json:"execution_id"`
	Days        string          `json:"days"`
	PageSize    int             `json:"page_size"`
}

type answer struct {
	Status  int               `json:"status"`
	Body    any               `json:"body"`
	Headers map[string]string `json:"headers"`
	Error   string            `json:"error"`
}

// results is everything that an execution came to, and on how many pages.
type results struct {
	Asked       *platformclientv2.Usageexecutionresult `json:"asked"`
	QueryStatus string                                 `json:"queryStatus"`
	Rows        []platformclientv2.Apiusagerow         `json:"results"`
	Pages       int                                    `json:"pages"`
}

type page func(executionID string, after string) (*platformclientv2.Apiusagequeryresult, *platformclientv2.APIResponse, error)

func main() {
	var told task
	check(json.NewDecoder(os.Stdin).Decode(&told))
	configuration := platformclientv2.GetDefaultConfiguration()
	configuration.BasePath = told.Visit.BaseURL
	configuration.AccessToken = told.Visit.Token
	var login error
	if told.Visit.ClientID != "" {
		login = configuration.AuthorizeClientCredentials(told.Visit.ClientID, told.Visit.ClientSecret)
	}
	api := platformclientv2.NewUsageApiWithConfig(configuration)

	answers := []answer{}
	for _, asked := range told.Questions {
		if login != nil {
			answers = append(answers, answer{Error: login.Error(), Headers: map[string]string{}})
			continue
		}
		answers = append(answers, asked.ask(api))
	}
	check(json.NewEncoder(os.Stdout).Encode(answers))
}

func (q question) ask(api *platformclientv2.UsageApi) answer {
	ofOrganization := func(id string, _ string) (*platformclientv2.Apiusagequeryresult, *platformclientv2.APIResponse, error) {
		return api.GetUsageQueryExecutionIdResults(id)
	}
	ofSearch := func(id string, after string) (*platformclientv2.Apiusagequeryresult, *platformclientv2.APIResponse, error) {
		return api.GetUsageSimplesearchExecutionIdResults(id, after, q.PageSize)
	}
	ofClient := func(id string, _ string) (*platformclientv2.Apiusagequeryresult, *platformclientv2.APIResponse, error) {
		return api.GetOauthClientUsageQueryResult(id, q.ClientID)
	}
	switch q.Operation {
	case "PostUsageQuery":
		var body platformclientv2.Apiusageorganizationquery
		check(json.Unmarshal(q.Body, &body))
		asked, response, err := api.PostUsageQuery(body)
		return follow(asked, response, err, ofOrganization)
	case "PostUsageSimplesearch":
		var body platformclientv2.Apiusagesimplesearch
		check(json.Unmarshal(q.Body, &body))
		asked, response, err := api.PostUsageSimplesearch(body)
		return follow(asked, response, err, ofSearch)
	case "PostOauthClientUsageQuery":
		var body platformclientv2.Apiusageclientquery
		check(json.Unmarshal(q.Body, &body))
		asked, response, err := api.PostOauthClientUsageQuery(q.ClientID, body)
		return follow(asked, response, err, ofClient)
	case "GetOauthClientUsageSummary":
		asked, response, err := api.GetOauthClientUsageSummary(q.ClientID, q.Days)
		return follow(asked, response, err, ofClient)
	case "GetUsageQueryExecutionIdResults":
		return answerOf(ofOrganization(q.ExecutionID, ""))
	case "GetUsageSimplesearchExecutionIdResults":
		return answerOf(ofSearch(q.ExecutionID, ""))
	case "GetOauthClientUsageQueryResult":
		return answerOf(ofClient(q.ExecutionID, ""))
	}
	panic(q.Operation)
}

// follow waits for an execution and reads all pages of its results.
func follow(
	asked *platformclientv2.Usageexecutionresult, response *platformclientv2.APIResponse, err error, read page,
) answer {
	if err != nil {
		return answerOf(asked, response, err)
	}
	found := results{Asked: asked, Rows: []platformclientv2.Apiusagerow{}}
	for after := ""; ; {
		part, response, err := read(*asked.ExecutionId, after)
		if err != nil {
			return answerOf(part, response, err)
		}
		if found.QueryStatus = *part.QueryStatus; found.QueryStatus == "Running" {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		found.Pages++
		if part.Results != nil {
			found.Rows = append(found.Rows, *part.Results...)
		}
		if part.Cursors == nil || part.Cursors.After == nil {
			return answerOf(found, response, nil)
		}
		after = *part.Cursors.After
	}
}

func answerOf[T any](body T, response *platformclientv2.APIResponse, err error) answer {
	seen := answer{Headers: map[string]string{}}
	if response != nil {
		seen.Status = response.StatusCode
		for name, values := range response.Header {
			seen.Headers[strings.ToLower(name)] = values[0]
		}
	}
	if err == nil {
		seen.Body = body
		return seen
	}
	seen.Error = err.Error()
	if response != nil {
		seen.Body = response.Error
	}
	return seen
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
